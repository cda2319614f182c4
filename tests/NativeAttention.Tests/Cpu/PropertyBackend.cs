namespace NativeAttention.Tests.Properties;

/// <summary>Where this assembly checks the properties: the same files are compiled into the tests of GPUs.</summary>
internal static class PropertyBackend
{
    /// <summary>How many problems for each property.</summary>
    public const int Problems = 100;

    /// <summary>What a denormal value may lose before anything is computed with it.</summary>
    public const double DenormalLoss = 0;

    /// <summary>The backend.</summary>
    public static AttentionBackend Value => CpuBackend.Default;
}
