namespace NativeAttention.Tool.Devices;

/// <summary>
/// The kernels of the CPU backend: one of each rung and element type, with the vectors of this processor.
/// </summary>
internal static class CpuKernels
{
    /// <summary>Lists them. Their names come from plans, since they depend on the processor.</summary>
    public static IReadOnlyList<KernelReport> List() =>
    [
        .. from type in Enum.GetValues<ElementType>()
           from rung in CpuBackend.Rungs
           select new KernelReport(NameOf(type, rung), "dense", rung, type, null, null),
    ];

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
        // The decode kernel takes shorter vectors for head dims below those of the processor.
        AttentionShape oneVector = new(1, 1, 1, 1, 1, 64);
        using HostAttentionPlan<T> plan =
            CpuBackend.Default.PlanHost<T>(AttentionProblem.Create(type, oneVector, options));
        return plan.KernelName;
    }
}
