using NativeAttention.Testing;

namespace NativeAttention.Tests.Properties;

/// <summary>Output and log-sum-exp of one run, poisoned before.</summary>
/// <param name="Output">As the layout says.</param>
/// <param name="Lse">[batch, heads, queries].</param>
/// <param name="Kernel">The kernel that ran.</param>
internal sealed record PropertyRun(float[] Output, float[] Lse, string Kernel = "")
{
    public static PropertyRun Of(string? rung, AttentionShape shape, AttentionOptions options,
        in AttentionInputs<float> inputs)
    {
        int rows = shape.Batch * shape.QueryHeads * shape.QueryLength;
        var problem = AttentionProblem.Create(
            ElementType.Float32, shape, options with { Tuning = new() { Rung = rung } });
        using HostAttentionPlan<float> plan = PropertyBackend.Value.PlanHost<float>(problem);
        PropertyRun run = new(new float[rows * shape.ValueHeadDim], new float[rows], plan.KernelName);
        Array.Fill(run.Output, Elements.Poison<float>());
        Array.Fill(run.Lse, Elements.Poison<float>());
        plan.Run(inputs, run.Output, run.Lse);
        return run;
    }
}
