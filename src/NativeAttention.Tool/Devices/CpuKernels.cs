namespace NativeAttention.Tool.Devices;

/// <summary>
/// The kernels of the CPU backend: one of each rung and element type, with the vectors of this processor.
/// </summary>
internal static class CpuKernels
{
    // The decode kernel takes shorter vectors for head dims below those of the processor.
    private static readonly AttentionShape OneVector = new(1, 1, 1, 1, 1, 64);

    /// <summary>Lists them. Their names come from plans, since they depend on the processor.</summary>
    public static IReadOnlyList<KernelReport> List() =>
    [
        .. from type in Enum.GetValues<ElementType>()
           from rung in CpuBackend.Rungs
           select new KernelReport(NameOf(type, rung), "dense", rung, type, null, null),
        .. from type in Enum.GetValues<ElementType>()
           select new KernelReport(NameOfScores(type), "scores", "tiled", type, null, null),
    ];

    private static string NameOfScores(ElementType type) => type switch
    {
        ElementType.Float32 => NameOfScores<float>(type),
        ElementType.Float16 => NameOfScores<Half>(type),
        _ => NameOfScores<BFloat16>(type),
    };

    private static string NameOfScores<T>(ElementType type)
        where T : unmanaged
    {
        using HostScorePlan<T> plan = CpuBackend.Default.PlanScores<T>(
            AttentionProblem.Create(type, OneVector, new()), new() { RowEntropy = true });
        return plan.KernelName;
    }

    private static string NameOf(ElementType type, string rung) => type switch
    {
        ElementType.Float32 => NameOf<float>(type, rung),
        ElementType.Float16 => NameOf<Half>(type, rung),
        _ => NameOf<BFloat16>(type, rung),
    };

    private static string NameOf<T>(ElementType type, string rung)
        where T : unmanaged
    {
        AttentionOptions options = new() { Tuning = new TuningHints { Rung = rung } };
        using HostAttentionPlan<T> plan =
            CpuBackend.Default.PlanHost<T>(AttentionProblem.Create(type, OneVector, options));
        return plan.KernelName;
    }
}
