namespace NativeAttention.Tool.Devices;

/// <summary>
/// The kernels of the CPU backend: one of each rung and element type, with the vectors of this processor.
/// </summary>
internal static class CpuKernels
{
    // The decode kernel takes shorter vectors for head dims below those of the processor.
    private static readonly AttentionShape OneVector = new(1, 1, 1, 1, 1, 64);
    private static readonly NeighborhoodShape OneToken = new(1, new GridShape(1), 1, 1, 64);

    /// <summary>Lists them. Their names come from plans, since they depend on the processor.</summary>
    public static IReadOnlyList<KernelReport> List() =>
    [
        .. Enum.GetValues<ElementType>()
            .SelectMany(type => type switch
            {
                ElementType.Float32 => List<float>(type),
                ElementType.Float16 => List<Half>(type),
                _ => List<BFloat16>(type),
            })
            .GroupBy(kernel => kernel.Family).SelectMany(family => family),
    ];

    private static IEnumerable<KernelReport> List<T>(ElementType type)
        where T : unmanaged
    {
        CpuBackend cpu = CpuBackend.Default;
        foreach (string rung in CpuBackend.Rungs)
        {
            yield return Report("dense", rung, cpu.PlanHost<T>(Dense(rung)));
        }

        foreach (string rung in CpuBackend.NeighborhoodRungs)
        {
            NeighborhoodProblem map = NeighborhoodProblem.Create(type, OneToken,
                new(NeighborhoodPattern.Windows(1)) { Tuning = new TuningHints { Rung = rung } });
            if (cpu.CanRun(map, out _))
            {
                yield return Report("neighborhood", rung, cpu.PlanNeighborhood<T>(map));
            }
        }

        foreach (string rung in CpuBackend.BackwardRungs)
        {
            yield return Report("backward", rung, cpu.PlanBackward<T>(Dense(rung)));
        }

        yield return Report("scores", "tiled", cpu.PlanScores<T>(Dense(null), new() { RowEntropy = true }));

        AttentionProblem Dense(string? rung) =>
            AttentionProblem.Create(type, OneVector, new() { Tuning = new TuningHints { Rung = rung } });

        KernelReport Report(string family, string rung, HostPlan plan)
        {
            using (plan)
            {
                return new KernelReport(plan.KernelName, family, rung, type, null, null);
            }
        }
    }
}
