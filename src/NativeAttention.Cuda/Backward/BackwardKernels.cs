using System.Diagnostics.CodeAnalysis;
using NativeAttention.Neighborhood;

namespace NativeAttention.Cuda;

/// <summary>The kernels of a backward run, in the order of their launches; chosen for a problem.</summary>
/// <param name="Delta">What the passes need of every query row.</param>
/// <param name="Passes">The passes, each once for every map.</param>
/// <param name="BiasGradient">The gradient of the bias; null when there is no bias.</param>
internal sealed record BackwardKernels(KernelEntry Delta, KernelEntry[] Passes, KernelEntry? BiasGradient)
{
    /// <summary>Name of the family of the passes in the manifest.</summary>
    public const string Family = "backward";

    private const string DefaultRung = "tiled";
    private const string OwnsQueries = "_queries";

    /// <summary>Names of all kernels.</summary>
    public IReadOnlyList<string> Names =>
        [Delta.Name, .. Passes.Select(pass => pass.Name), .. BiasGradient is null ? [] : new[] { BiasGradient.Name }];

    /// <summary>Whether a pass owns queries; else it owns keys.</summary>
    public static bool IsOverQueries(KernelEntry pass) => pass.Rung.EndsWith(OwnsQueries, StringComparison.Ordinal);

    /// <summary>Chooses the kernels of a problem, or says why there are none.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="device">The device.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="reason">Why these, or why none.</param>
    public static bool TryChoose(MapProblem problem, CudaDevice device,
        [NotNullWhen(true)] out BackwardKernels? kernels, out string reason)
    {
        kernels = null;
        string rung = problem.Tuning.Rung ?? DefaultRung;
        int dim = Math.Max(problem.HeadDim, problem.ValueHeadDim);
        KernelEntry[] ofRung = [.. Of(problem).Where(entry => RungOf(entry) == rung)];
        int needed = ofRung.Where(entry => entry.HeadDim >= dim).Select(entry => entry.HeadDim).DefaultIfEmpty().Min();
        KernelEntry[] passes = [.. ofRung.Where(entry => entry.HeadDim == needed)];
        string? refusal = DensePlanner.CapabilityRefusal(device.Capability)
            ?? DensePlanner.BuildRefusal
            ?? MapTables.Misfit(problem)
            ?? PatternRefusal(problem)
            ?? (passes.Length == 0 ? NoKernel(problem, rung, dim, ofRung) : null)
            ?? passes.Select(pass => Misfit(pass, problem, device.MaxSharedBytes)).FirstOrDefault(why => why is not null)
            ?? RowsRefusal(problem);
        if (refusal is not null)
        {
            reason = refusal;
            return false;
        }

        kernels = new BackwardKernels(OperationKernels.Find("delta", problem.ElementType, device), passes,
            problem.HasBias ? OperationKernels.Find("bias_gradient", problem.ElementType, device) : null);
        reason = $"rung '{rung}' {(problem.Tuning.Rung is null ? "by default" : "as asked for")}, smallest module for "
            + $"head dims {problem.HeadDim} and {problem.ValueHeadDim}";
        return true;
    }

    private static IEnumerable<KernelEntry> Of(MapProblem problem) => KernelManifest.Entries.Where(
        entry => entry.Family == Family && entry.ElementType == problem.ElementType);

    // The part of a kernel's rung that users ask for: what stands before the pass.
    private static string RungOf(KernelEntry entry) => entry.Rung[..entry.Rung.IndexOf('_', StringComparison.Ordinal)];

    private static string NoKernel(MapProblem problem, string rung, int dim, KernelEntry[] ofRung)
    {
        if (ofRung.Length == 0)
        {
            return $"there is no backward of rung '{rung}' for {problem.ElementType}; there are: "
                + string.Join(", ", Of(problem).Select(RungOf).Distinct());
        }

        string which = dim == problem.HeadDim ? "head dim" : "value head dim";
        return $"{which} {dim} is not supported: supported are 1 to {ofRung.Max(entry => entry.HeadDim)}";
    }

    // dK and dV of a head are sums over its query heads inside one tile.
    private static string? PatternRefusal(MapProblem problem)
    {
        int[] mapOf = new int[problem.QueryHeads];
        for (int map = 0; map < problem.Maps.Count; map++)
        {
            foreach (int head in problem.Maps[map].Heads)
            {
                mapOf[head] = map;
            }
        }

        for (int head = 0; head < mapOf.Length; head++)
        {
            int leader = head - (head % problem.Group);
            if (mapOf[head] != mapOf[leader])
            {
                return $"query heads {leader} and {head} have different patterns and read one key/value head "
                    + $"({leader / problem.Group}): backward needs one pattern for all of them";
            }
        }

        return null;
    }

    private static string? Misfit(KernelEntry pass, MapProblem problem, int sharedBytes)
    {
        if (DensePlanner.SharedRefusal(pass, sharedBytes) is string refusal)
        {
            return refusal;
        }

        // Every row of a tile begins a box of its own at worst; a block counts what it visits in 32 bits.
        long tokens = Math.Max(problem.QueryTokens, problem.KeyTokens);
        Int128 blocks = (Int128)(tokens + pass.BlockM) * problem.QueryHeads * problem.Batch;
        Int128 visits = (Int128)(tokens + problem.ExtraKeys) * problem.Group;
        return blocks > (Int128)int.MaxValue * pass.BlockM
            ? $"{blocks / pass.BlockM} thread blocks or more are more than a launch may have ({int.MaxValue}); split the batch"
            : visits > int.MaxValue
            ? $"{tokens} tokens, {problem.ExtraKeys} extra keys and {problem.Group} query heads of one key/value head: at "
              + $"most {int.MaxValue} pairs of those for one key are supported"
            : null;
    }

    private static string? RowsRefusal(MapProblem problem)
    {
        Int128 rows = (Int128)problem.Batch * problem.QueryHeads * problem.QueryTokens;
        return rows > int.MaxValue ? $"{rows} rows of queries: at most {int.MaxValue} are supported; split the batch"
            : problem.HasBias && (Int128)problem.BiasEntries * problem.QueryHeads > int.MaxValue
            ? $"{problem.BiasEntries} bias entries of {problem.QueryHeads} heads: at most {int.MaxValue} are supported"
            : null;
    }
}
