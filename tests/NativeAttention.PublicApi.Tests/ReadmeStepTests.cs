using NativeAttention.Testing;

namespace NativeAttention.PublicApi.Tests;

/// <summary>The README's step of decoding, by someone who sees no internals: it compiles and computes.</summary>
public class ReadmeStepTests
{
    [Test]
    public void The_step_reads_only_what_each_sequence_has_used()
    {
        float[] query = Draw(2 * 8 * 64), sinks = Draw(8), output = new float[2 * 8 * 64];
        float[] keyCache = Draw(2 * 256 * 2 * 64), valueCache = Draw(2 * 256 * 2 * 64);
        int[] used = [200, 0];
        using AttentionRuntime runtime = new([CpuBackend.Default]);
        Poison(keyCache, used);
        Poison(valueCache, used);
#pragma warning disable IDE0007, IDE0008 // as the README writes it
        // README begin
        AttentionOptions options = new()
        {
            Mask = AttentionMask.Window(left: 127, right: 0),
            SoftCap = 30,
            Operands = new AttentionOperands { KeyLengths = true, Sinks = OperandStrides.PerHead },
        };
        AttentionShape step = new(Batch: 2, QueryLength: 1, KeyLength: 256, QueryHeads: 8, KeyValueHeads: 2, HeadDim: 64);
        AttentionInputs<float> inputs = new(query, keyCache, valueCache) { KeyLengths = used, Sinks = sinks };
        runtime.Attend(inputs, output, step, options);
        // README end
#pragma warning restore IDE0007, IDE0008
        double[] expected = Expected(query, keyCache, valueCache, sinks);
        for (int i = 0; i < output.Length; i++)
        {
            Assert.That(output[i], Is.EqualTo(i < 8 * 64 ? expected[i] : 0).Within(1e-5), $"element {i}");
        }
    }

    [Test]
    public void The_readme_shows_this_step() => Readme.AssertShows("ReadmeStepTests.cs");

    // The first sequence by definition: its one query stands beside key 199 and sees the 128 keys up to it.
    private static double[] Expected(float[] query, float[] keys, float[] values, float[] sinks)
    {
        double[] output = new double[8 * 64];
        for (int h = 0; h < 8; h++)
        {
            double[] weights = new double[200];
            double sum = Math.Exp(sinks[h]);
            for (int j = 72; j < 200; j++)
            {
                double dot = 0;
                for (int d = 0; d < 64; d++)
                {
                    dot += (double)query[(h * 64) + d] * keys[(((j * 2) + (h / 4)) * 64) + d];
                }

                weights[j] = Math.Exp(30 * Math.Tanh(dot / 8 / 30));
                sum += weights[j];
            }

            for (int j = 72; j < 200; j++)
            {
                for (int d = 0; d < 64; d++)
                {
                    output[(h * 64) + d] += weights[j] / sum * values[(((j * 2) + (h / 4)) * 64) + d];
                }
            }
        }

        return output;
    }

    // What lies beyond the used keys must not matter.
    private static void Poison(float[] cache, int[] used)
    {
        for (int b = 0; b < 2; b++)
        {
            cache.AsSpan(((b * 256) + used[b]) * 128, (256 - used[b]) * 128).Fill(Elements.Poison<float>());
        }
    }

    private static float[] Draw(int count) =>
        [.. RandomTensor.Normal(ElementType.Float32, count, seed: count).Select(x => (float)x)];
}
