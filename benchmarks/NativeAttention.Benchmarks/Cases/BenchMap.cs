using System.Text.Json.Nodes;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>A map with windows of one extent and dilation along all axes, and what its options are in results.</summary>
/// <param name="Grid">The map.</param>
/// <param name="Window">Keys of a window along an axis.</param>
/// <param name="Dilation">Distance between them.</param>
internal sealed record BenchMap(GridShape Grid, int Window, int Dilation = 1)
{
    /// <summary>Dense pairs over pairs: the speed over dense attention that fewer operations allow.</summary>
    public double Bound => Grid.Tokens / Math.Pow(Window, Grid.Rank);

    /// <summary>The options of the problem.</summary>
    public NeighborhoodOptions Options => new(NeighborhoodPattern.Windows(
        [.. Enumerable.Repeat(new NeighborhoodAxis(Window, Dilation: Dilation), Grid.Rank)]));

    /// <summary>The shape of the problem.</summary>
    public NeighborhoodShape Shape(AttentionShape tokens) => new(tokens.Batch, Grid, tokens.QueryHeads,
        tokens.KeyValueHeads, tokens.HeadDim, tokens.ValueHeadDim);

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

    /// <summary>The tokens that a token sees, from the definition.</summary>
    public int[] Keys(int query)
    {
        int[] keys = [0];
        for (int axis = 0; axis < Grid.Rank; axis++)
        {
            int inner = 1;
            for (int later = axis + 1; later < Grid.Rank; later++)
            {
                inner *= Grid[later];
            }

            int[] along = [.. KeysAlong(query / inner % Grid[axis], Grid[axis])];
            keys = [.. keys.SelectMany(key => along.Select(k => key + (k * inner)))];
        }

        return keys;
    }

    // A whole window in the class of the query, as near to it as the borders allow.
    private IEnumerable<int> KeysAlong(int query, int extent)
    {
        int residue = query % Dilation, length = (extent - residue + Dilation - 1) / Dilation;
        int first = Math.Clamp((query / Dilation) - (Window / 2), 0, length - Window);
        return Enumerable.Range(first, Window).Select(k => (k * Dilation) + residue);
    }
}
