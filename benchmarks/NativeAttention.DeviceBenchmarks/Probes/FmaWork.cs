namespace NativeAttention.DeviceBenchmarks.Probes;

/// <summary>Work of the probe of fused multiply-adds: x becomes x * factor + addend.</summary>
internal sealed class FmaWork(float factor, float addend) : IProbeWork
{
    private const int Chains = 16;
    private const int Steps = 4; // of an iteration

    public Probe Probe => Probe.Fma;

    public uint[] Input =>
        [BitConverter.SingleToUInt32Bits(factor), BitConverter.SingleToUInt32Bits(addend)];

    public int Copies => 1;

    public int OutputsPerThread => 1;

    public long? Iterations => null;

    public string? Check(ReadOnlySpan<uint> output, long iterations)
    {
        float expected = 0;
        for (int k = 0; k < Chains; k++)
        {
            float x = k;
            for (long step = 0; step < Steps * iterations; step++)
            {
                x = MathF.FusedMultiplyAdd(x, factor, addend);
            }

            expected += x;
        }

        int wrong = output.IndexOfAnyExcept(BitConverter.SingleToUInt32Bits(expected));
        return wrong < 0 ? null
            : $"thread {wrong} has {BitConverter.UInt32BitsToSingle(output[wrong])}, not {expected}";
    }
}
