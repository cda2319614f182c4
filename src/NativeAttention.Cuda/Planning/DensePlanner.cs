using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Cuda;

/// <summary>Chooses the kernel of family <c>dense</c> for a problem, or says why there is none.</summary>
internal static class DensePlanner
{
    /// <summary>Lowest compute capability of any kernel, as major times ten plus minor.</summary>
    public const int MinComputeCapability = 80;

    /// <summary>Longest sequence, so that band diagonals and row numbers fit 32 bits with room.</summary>
    public const int MaxLength = 1 << 30;

    /// <summary>Name of the family in the manifest.</summary>
    public const string Family = "dense";

    private const string DefaultRung = "tiled";
    private const string ModifiedSuffix = "_mod";

    /// <summary>Chooses.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="capability">Compute capability of the device, major times ten plus minor.</param>
    /// <param name="sharedBytes">Most shared memory one block may have there.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="reason">Why this one, or why none.</param>
    public static bool TryChoose(AttentionProblem problem, int capability, int sharedBytes,
        [NotNullWhen(true)] out KernelEntry? kernel, out string reason)
    {
        kernel = null;
        if (Refusal(problem, capability) is string refusal)
        {
            reason = refusal;
            return false;
        }

        int dim = Math.Max(problem.Shape.HeadDim, problem.Shape.ValueHeadDim);
        string rung = problem.Options.Tuning.Rung ?? DefaultRung;
        string needed = Needed(problem, rung);
        KernelEntry? found = Candidates(problem)
            .Where(entry => entry.Rung == needed && entry.HeadDim >= dim
                && entry.MinComputeCapability <= capability)
            .MinBy(entry => entry.HeadDim);
        reason = found is null
            ? NoKernel(problem, rung, dim)
            : Misfit(found, problem.Shape, sharedBytes) ?? "";
        if (found is null || reason.Length > 0)
        {
            return false;
        }

        string wish = problem.Options.Tuning.Rung is null ? "by default" : "as asked for";
        reason = $"rung '{rung}' {wish}, smallest module for head dims {problem.Shape.HeadDim} and "
            + $"{problem.Shape.ValueHeadDim}"
            + (problem.PlainExceptWhy is string modifier ? $", with modifiers for {modifier}" : "");
        kernel = found;
        return true;
    }

    /// <summary>Blocks of a launch.</summary>
    public static long GridSize(KernelEntry kernel, AttentionShape shape)
    {
        long tiles = ((long)shape.QueryLength + kernel.BlockM - 1) / kernel.BlockM;
        Int128 blocks = (Int128)tiles * shape.QueryHeads * shape.Batch;
        return blocks > long.MaxValue ? long.MaxValue : (long)blocks;
    }

    /// <summary>A problem in a few words, for messages.</summary>
    public static string Describe(AttentionProblem problem)
    {
        AttentionShape s = problem.Shape;
        return $"{problem.ElementType} attention of batch {s.Batch}, {s.QueryLength} queries, "
            + $"{s.KeyLength} keys, "
            + $"heads {s.QueryHeads}/{s.KeyValueHeads}, head dims {s.HeadDim}/{s.ValueHeadDim}, "
            + $"mask {problem.Options.Mask}, layout {problem.Options.Layout}";
    }

    // Problems that are not plain have kernels of their own on every rung; those can run plain ones, too, when asked.
    private static string Needed(AttentionProblem problem, string rung) =>
        problem.IsPlain || IsModified(rung) ? rung : rung + ModifiedSuffix;

    private static bool IsModified(string rung) => rung.EndsWith(ModifiedSuffix, StringComparison.Ordinal);

    private static IEnumerable<KernelEntry> Candidates(AttentionProblem problem) =>
        KernelManifest.Entries.Where(entry => entry.Family == Family && entry.ElementType == problem.ElementType);

    private static string? Refusal(AttentionProblem problem, int capability)
    {
        if (CapabilityRefusal(capability) is string refusal)
        {
            return refusal;
        }

        AttentionShape shape = problem.Shape;
        if (shape.QueryLength > MaxLength || shape.KeyLength > MaxLength)
        {
            return $"query length {shape.QueryLength} and key length {shape.KeyLength}: at most "
                + $"{MaxLength} is supported";
        }

        if (problem.Options is { DiagonalOffset: int offset, Operands.AlibiSlopes: not null }
            && Math.Abs((long)offset) > MaxLength)
        {
            return $"diagonal offset {offset} with ALiBi slopes: from {-MaxLength} to {MaxLength} is supported";
        }

        return BuildRefusal;
    }

    /// <summary>Why this build has no kernels; null when it has.</summary>
    public static string? BuildRefusal => PtxSource.IsAvailable ? null
        : "this build of NativeAttention.Cuda has no kernels in it (run ./build.sh build)";

    /// <summary>Why a kernel's shared memory does not fit; null when it does.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="sharedBytes">Most shared memory one block may have on the device.</param>
    public static string? SharedRefusal(KernelEntry kernel, int sharedBytes) => kernel.SharedBytes > sharedBytes
        ? $"{kernel.Name} needs {kernel.SharedBytes} bytes of shared memory per block, the device has {sharedBytes}"
        : null;

    /// <summary>Why a device is too old; null when it is not.</summary>
    public static string? CapabilityRefusal(int capability) => capability < MinComputeCapability
        ? $"compute capability {capability / 10}.{capability % 10} is too old: 8.0 or newer is needed"
        : null;

    private static string NoKernel(AttentionProblem problem, string rung, int dim)
    {
        string needed = Needed(problem, rung);
        string[] rungs = [.. Candidates(problem).Select(entry => entry.Rung).Distinct()];
        if (!rungs.Contains(needed))
        {
            return $"there is no rung '{rung}' for {problem.ElementType}; there are: "
                + $"{string.Join(", ", rungs.Where(each => !IsModified(each)))}";
        }

        int most = Candidates(problem).Where(entry => entry.Rung == needed).Max(entry => entry.HeadDim);
        string which = dim == problem.Shape.HeadDim ? "head dim" : "value head dim";
        return $"{which} {dim} is not supported: supported are 1 to {most}";
    }

    private static string? Misfit(KernelEntry kernel, AttentionShape shape, int sharedBytes)
    {
        if (SharedRefusal(kernel, sharedBytes) is string refusal)
        {
            return refusal;
        }

        long blocks = GridSize(kernel, shape);
        return blocks > int.MaxValue
            ? $"{blocks} thread blocks (query tiles of {kernel.BlockM} x query heads x batch) are more than "
              + $"a launch may have ({int.MaxValue}); split the batch"
            : null;
    }
}
