namespace NativeAttention.Cuda.Tests;

/// <summary>Data that is never all zeros, from a seed that the test prints.</summary>
internal static class RandomData
{
    public static float[] Floats(int count, int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        float[] data = new float[count];
        for (int i = 0; i < count; i++)
        {
            data[i] = random.NextSingle() - 0.5f;
        }

        return data;
    }

    public static byte[] Bytes(int count, int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        byte[] data = new byte[count];
        new Random(seed).NextBytes(data);
        return data;
    }
}
