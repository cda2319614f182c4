using System.Text.Json.Nodes;
using NativeAttention.Benchmarks.Problems;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>A map with equal windows along all axes, and what its options are in results.</summary>
/// <param name="Grid">The map.</param>
/// <param name="Window">Keys of a window along an axis.</param>
/// <param name="Dilation">Distance between them.</param>
internal sealed record BenchMap(GridShape Grid, int Window, int Dilation = 1)
    : WindowedMap(Grid, [.. Enumerable.Repeat(new NeighborhoodAxis(Window, Dilation: Dilation), Grid.Rank)])
{
    /// <summary>Writes the options as results store them.</summary>
    public void Store(JsonObject options)
    {
        options["map"] = Grid.ToString();
        options["window"] = Window;
        if (Dilation != 1)
        {
            options["dilation"] = Dilation;
        }
    }
}
