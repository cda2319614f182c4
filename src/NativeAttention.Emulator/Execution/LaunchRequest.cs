namespace NativeAttention.Emulation;

/// <summary>One kernel launch: shape, dynamic shared memory and the packed parameter block in PTX
/// layout.</summary>
internal sealed record LaunchRequest(
    PtxKernel Kernel,
    (uint X, uint Y, uint Z) Grid,
    (uint X, uint Y, uint Z) Block,
    int DynamicSharedBytes,
    ReadOnlyMemory<byte> Parameters)
{
    /// <summary>Receives what the launch does, statement by statement; null to run without counting
    /// that.</summary>
    public KernelProfile? Profile { get; init; }
}
