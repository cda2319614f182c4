using System.Diagnostics.CodeAnalysis;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>Chooses kernel and boxes of family <c>neighborhood</c> for a problem, or says why there is none.</summary>
internal static class NeighborhoodPlanner
{
    /// <summary>Name of the family in the manifest.</summary>
    public const string Family = "neighborhood";

    private const string DefaultRung = "tiled";

    // A fragment has eight columns, which then differ in the last axis only.
    private const int LeastKeyRun = 8;

    /// <summary>Chooses.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="capability">Compute capability of the device, major times ten plus minor.</param>
    /// <param name="sharedBytes">Most shared memory one block may have there.</param>
    /// <param name="choice">The kernel, and a pass for each map.</param>
    /// <param name="reason">Why this one, or why none.</param>
    public static bool TryChoose(MapProblem problem, int capability, int sharedBytes,
        [NotNullWhen(true)] out NeighborhoodChoice? choice, out string reason)
    {
        choice = null;
        string rung = problem.Tuning.Rung ?? DefaultRung;
        int dim = Math.Max(problem.HeadDim, problem.ValueHeadDim);
        KernelEntry? kernel = Kernels(problem).Where(entry => entry.Rung == rung && entry.HeadDim >= dim)
            .MinBy(entry => entry.HeadDim);
        string? refusal = DensePlanner.CapabilityRefusal(capability)
            ?? DensePlanner.BuildRefusal
            ?? MapTables.Misfit(problem)
            ?? (kernel is null ? NoKernel(problem, rung, dim) : DensePlanner.SharedRefusal(kernel, sharedBytes));
        if (refusal is not null)
        {
            reason = refusal;
            return false;
        }

        NeighborhoodChoice chosen = new(kernel!, [.. problem.Maps.Select(map => Pass(map, kernel!))]);
        long blocks = chosen.Passes.Max(pass => pass.Blocks(problem.Batch));
        if (blocks > int.MaxValue)
        {
            reason = $"{blocks} thread blocks (query tiles of {kernel!.BlockM} x query heads x batch) are more than a "
                + $"launch may have ({int.MaxValue}); split the batch";
            return false;
        }

        string wish = problem.Tuning.Rung is null ? "by default" : "as asked for";
        reason = $"rung '{rung}' {wish}, smallest module for head dims {problem.HeadDim} and {problem.ValueHeadDim}, "
            + string.Join(", ", chosen.Passes.Select(pass => $"tiles {pass.Rows} on {pass.Columns}"));
        choice = chosen;
        return true;
    }

    private static MapPass Pass(NeighborhoodMap map, KernelEntry kernel) => MapPass.OverQueries(map,
        TileChooser.Choose(map, kernel.BlockM, kernel.BlockN, LeastKeyRun));

    private static IEnumerable<KernelEntry> Kernels(MapProblem problem) => KernelManifest.Entries.Where(
        entry => entry.Family == Family && entry.ElementType == problem.ElementType);

    private static string NoKernel(MapProblem problem, string rung, int dim)
    {
        string[] rungs = [.. Kernels(problem).Select(entry => entry.Rung).Distinct()];
        if (!rungs.Contains(rung))
        {
            return $"there is no rung '{rung}' for {problem.ElementType}; there are: {string.Join(", ", rungs)}";
        }

        int most = Kernels(problem).Where(entry => entry.Rung == rung).Max(entry => entry.HeadDim);
        string which = dim == problem.HeadDim ? "head dim" : "value head dim";
        return $"{which} {dim} is not supported: supported are 1 to {most}";
    }
}

/// <summary>What was chosen for a problem.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Passes">One launch for each set of heads of equal pattern.</param>
internal sealed record NeighborhoodChoice(KernelEntry Kernel, IReadOnlyList<MapPass> Passes);
