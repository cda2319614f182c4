using NativeAttention.Cpu.Maps;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>Runs cases of neighborhood attention on rungs and widths of the CPU backend.</summary>
internal static class NeighborhoodRuns
{
    /// <summary>Every rung with every width that it has.</summary>
    public static IEnumerable<(string Rung, int Width)> All =>
        [("reference", 0), .. Vectors("tiled"), ("tiled", 0), .. Vectors("stencil")];

    /// <summary>The problem of a case on a rung.</summary>
    public static NeighborhoodProblem On(NeighborhoodCase c, string? rung, int? threads = null)
    {
        NeighborhoodProblem problem = c.Problem;
        return NeighborhoodProblem.Create(c.ElementType, problem.Shape,
            problem.Options with { Tuning = new() { Rung = rung, MaxThreads = threads } });
    }

    /// <summary>Runs a case on all rungs and widths, and compares each with float64.</summary>
    public static void CheckAll(NeighborhoodCase c)
    {
        foreach ((string rung, int width) in All)
        {
            Check(c, rung, width);
        }
    }

    /// <summary>Runs a case on one rung and width, and compares it with float64.</summary>
    public static void Check(NeighborhoodCase c, string? rung, int width)
    {
        switch (c.ElementType)
        {
            case ElementType.Float32: Check<float>(c, rung, width); break;
            case ElementType.Float16: Check<Half>(c, rung, width); break;
            default: Check<BFloat16>(c, rung, width); break;
        }
    }

    private static void Check<T>(NeighborhoodCase c, string? rung, int width)
        where T : unmanaged
    {
        PairBuffers<T> buffers = c.Allocate<T>();
        using CpuBackend backend = new(width);
        using HostNeighborhoodPlan<T> plan = backend.PlanNeighborhood<T>(On(c, rung));
        plan.Run(buffers.Inputs, buffers.Output, buffers.Lse);
        try
        {
            c.Check(buffers);
        }
        catch (AttentionMismatchException wrong)
        {
            throw new AttentionMismatchException($"{plan.KernelName}: {wrong.Message}");
        }
    }

    /// <summary>Runs all tiles of a kernel over memory that others own.</summary>
    public static unsafe void Run<T>(MapKernel<T> kernel, in MapPointers<T> tensors, Span<float> scratch)
        where T : unmanaged
    {
        fixed (float* start = scratch)
        {
            for (long tile = 0; tile < kernel.Tiles; tile++)
            {
                scratch.Fill(float.NaN); // what a tile finds there, it must have written
                kernel.Run(tile, tensors, start);
            }
        }
    }

    private static IEnumerable<(string Rung, int Width)> Vectors(string rung) =>
        [(rung, 512), (rung, 256), (rung, 128)];
}
