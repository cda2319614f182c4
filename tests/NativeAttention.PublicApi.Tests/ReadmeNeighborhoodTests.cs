using NativeAttention.Testing;

namespace NativeAttention.PublicApi.Tests;

/// <summary>The README's neighborhood, by someone who sees no internals: it compiles and computes.</summary>
public class ReadmeNeighborhoodTests
{
    private const int Tokens = 32 * 32, Width = 4 * 32;

    [Test]
    public void The_output_and_its_gradients_are_those_of_the_definition()
    {
        NeighborhoodCase same = new(ElementType.Float32, new(1, new GridShape(32, 32), 4, 4, 32) { ExtraKeys = 4 },
            PatternSpec.Windows(7, new NeighborhoodAxis(7, Dilation: 2)), seed: 12);
        PairBuffers<float> buffers = same.Allocate<float>();
        same.FillUpstream(buffers);
        float[] query = buffers.Query, key = buffers.Key, value = buffers.Value;
        float[] registers = buffers.ExtraKey, registerValues = buffers.ExtraValue, above = buffers.OutputGradient;
        float[] queryGradient = buffers.QueryGradient, keyGradient = buffers.KeyGradient;
        float[] valueGradient = buffers.ValueGradient;
        float[] registerGradient = buffers.ExtraKeyGradient, registerValueGradient = buffers.ExtraValueGradient;
        float[] output = buffers.Output, lse = buffers.Lse;
        using AttentionRuntime runtime = new([CpuBackend.Default]);
#pragma warning disable IDE0007, IDE0008 // as the README writes it
        // README begin
        NeighborhoodShape map = new(1, new GridShape(32, 32), queryHeads: 4, keyValueHeads: 4, headDim: 32) { ExtraKeys = 4 };
        NeighborhoodOptions window = new(NeighborhoodPattern.Windows(7, new NeighborhoodAxis(7, Dilation: 2)));
        NeighborhoodInputs<float> tokens = new(query, key, value) { ExtraKey = registers, ExtraValue = registerValues };
        runtime.AttendNeighborhood(tokens, output, map, window, lse);

        using HostBackwardPlan<float> backward = runtime.PlanBackward<float>(map, window);
        BackwardInputs<float> forward = new()
        {
            Query = query,
            Key = key,
            Value = value,
            Output = output,
            Lse = lse,
            OutputGradient = above,
            ExtraKey = registers,
            ExtraValue = registerValues,
        };
        backward.Run(forward, new AttentionGradients<float>(queryGradient, keyGradient, valueGradient)
        {
            ExtraKey = registerGradient,
            ExtraValue = registerValueGradient,
        });
        // README end
#pragma warning restore IDE0007, IDE0008
        Assert.That(output, Has.Length.GreaterThanOrEqualTo(Tokens * Width));
        same.Check(buffers);
        same.CheckGradients(buffers);
    }

    [Test]
    public void The_readme_shows_it() => Readme.AssertShows("ReadmeNeighborhoodTests.cs");
}
