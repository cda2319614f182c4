namespace NativeAttention.Emulation;

/// <summary>What a launch did. Counts add up when one object is passed to several launches.</summary>
public sealed class LaunchCounters
{
    private readonly Dictionary<string, long> _opcodes = new(StringComparer.Ordinal);

    /// <summary>Warp instructions executed.</summary>
    public long WarpInstructions { get; internal set; }

    /// <summary>Floating-point operations of <c>mma</c> instructions, a multiply-add counted as
    /// two.</summary>
    public long MatrixFlops { get; internal set; }

    /// <summary>Bytes read from global memory by the active lanes, asynchronous copies included.</summary>
    public long GlobalBytesRead { get; internal set; }

    /// <summary>Bytes written to global memory by the active lanes.</summary>
    public long GlobalBytesWritten { get; internal set; }

    /// <summary>Bytes read from shared memory by the active lanes.</summary>
    public long SharedBytesRead { get; internal set; }

    /// <summary>Bytes written to shared memory by the active lanes, asynchronous copies included.</summary>
    public long SharedBytesWritten { get; internal set; }

    /// <summary>Arrivals of warps at barriers.</summary>
    public long Barriers { get; internal set; }

    /// <summary>Blocks run.</summary>
    public long Blocks { get; internal set; }

    /// <summary>Time spent in launches.</summary>
    public TimeSpan Elapsed { get; internal set; }

    /// <summary>Warp instructions by opcode (all its qualifiers included).</summary>
    public IReadOnlyDictionary<string, long> WarpInstructionsByOpcode => _opcodes;

    internal void AddOpcode(string opcode, long count)
    {
        _opcodes[opcode] = _opcodes.GetValueOrDefault(opcode) + count;
    }
}
