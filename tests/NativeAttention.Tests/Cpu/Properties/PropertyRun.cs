using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu.Properties;

/// <summary>Output and log-sum-exp of one run on the CPU, poisoned before.</summary>
/// <param name="Output">As the layout says.</param>
/// <param name="Lse">[batch, heads, queries].</param>
internal sealed record PropertyRun(float[] Output, float[] Lse)
{
    public static PropertyRun Of(string? rung, AttentionShape shape, AttentionOptions options,
        in AttentionInputs<float> inputs)
    {
        int rows = shape.Batch * shape.QueryHeads * shape.QueryLength;
        PropertyRun run = new(new float[rows * shape.ValueHeadDim], new float[rows]);
        Array.Fill(run.Output, Elements.Poison<float>());
        Array.Fill(run.Lse, Elements.Poison<float>());
        var problem = AttentionProblem.Create(
            ElementType.Float32, shape, options with { Tuning = new() { Rung = rung } });
        using HostAttentionPlan<float> plan = CpuBackend.Default.PlanHost<float>(problem);
        plan.Run(inputs, run.Output, run.Lse);
        return run;
    }
}
