using System.Runtime.ExceptionServices;

namespace NativeAttention.Emulation;

/// <summary>What all workers of one launch share.</summary>
internal sealed unsafe class LaunchState
{
    private long _nextBlock;
    private EmulatorFault? _fault;
    private ExceptionDispatchInfo? _failure;

    public required PtxProgram Program { get; init; }

    public required PtxKernel Kernel { get; init; }

    public required EmulatorOptions Options { get; init; }

    public required DeviceMemory Memory { get; init; }

    /// <summary>The allocations at the time of the launch.</summary>
    public required DeviceAllocation[] Allocations { get; init; }

    public required (uint X, uint Y, uint Z) Grid { get; init; }

    public required (uint X, uint Y, uint Z) Block { get; init; }

    public required int DynamicSharedBytes { get; init; }

    public required int SharedBytes { get; init; }

    public required byte* Parameters { get; init; }

    public required int ParameterBytes { get; init; }

    /// <summary>True when asynchronous copies arrive at the wait.</summary>
    public required bool CopiesAreLate { get; init; }

    /// <summary>True when several threads run the launch.</summary>
    public required bool IsParallel { get; init; }

    public long BlockCount => (long)Grid.X * Grid.Y * Grid.Z;

    public int ThreadsPerBlock => (int)(Block.X * Block.Y * Block.Z);

    /// <summary>The first finding; it stops every worker.</summary>
    public EmulatorFault? Fault => Volatile.Read(ref _fault);

    /// <summary>True when the workers must give up.</summary>
    public bool IsStopped => Fault is not null || Volatile.Read(ref _failure) is not null;

    /// <summary>Stops the launch because of an error in the emulator itself.</summary>
    public void Fail(Exception failure) => Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);

    public void ThrowIfFailed() => _failure?.Throw();

    public void Stop(EmulatorFault fault) => Interlocked.CompareExchange(ref _fault, fault, null);

    public bool TryTakeBlock(out long linear)
    {
        linear = Interlocked.Increment(ref _nextBlock) - 1;
        return linear < BlockCount;
    }
}
