namespace NativeAttention.Emulation;

/// <summary>What one PTX statement did.</summary>
/// <param name="Line">Its line, counted from 1.</param>
/// <param name="Statement">Its text.</param>
/// <param name="Class">Its class.</param>
/// <param name="Executions">How often a warp executed it, its guard true or not.</param>
/// <param name="Global">What it moved in global memory.</param>
/// <param name="Shared">What it moved in shared memory.</param>
public sealed record StatementProfile(
    int Line, string Statement, InstructionClass Class, long Executions, MemoryTraffic Global,
    MemoryTraffic Shared);
