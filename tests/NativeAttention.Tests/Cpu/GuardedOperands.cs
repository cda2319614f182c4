using System.Runtime.CompilerServices;
using NativeAttention.Cpu;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Cpu;

/// <summary>The optional operands of a case, each against an inaccessible page.</summary>
internal sealed unsafe class GuardedOperands : IDisposable
{
    private readonly GuardedMemory<byte> _bias;
    private readonly GuardedMemory<bool> _mask;
    private readonly GuardedMemory<float>[] _floats;
    private readonly GuardedMemory<int>[] _ints;

    public GuardedOperands(CaseOperands operands, GuardSide side)
    {
        _bias = GuardedMemory.Copy(operands.BiasElements().Bytes, side);
        _mask = GuardedMemory.Copy<bool>(operands.Mask, side);
        _floats = [.. ((float[]?[])[operands.AlibiSlopes, operands.Sinks, operands.QueryTemperature,
            operands.KeyLogWeight, operands.HeadGate]).Select(x => GuardedMemory.Copy<float>(x, side))];
        _ints = [.. ((int[]?[])[operands.KeyLengths, operands.QueryStarts, operands.KeyStarts])
            .Select(x => GuardedMemory.Copy<int>(x, side))];
    }

    /// <summary>Where they are; guarded memory does not move.</summary>
    public TensorPointers<T> Pointers<T>()
        where T : unmanaged => new()
        {
            Bias = At(_bias),
            Mask = At(_mask),
            AlibiSlopes = At(_floats[0]),
            Sinks = At(_floats[1]),
            QueryTemperature = At(_floats[2]),
            KeyLogWeight = At(_floats[3]),
            HeadGate = At(_floats[4]),
            KeyLengths = At(_ints[0]),
            CumulativeQueryLengths = At(_ints[1]),
            CumulativeKeyLengths = At(_ints[2]),
        };

    public void Dispose()
    {
        _bias.Dispose();
        _mask.Dispose();
        Array.ForEach(_floats, m => m.Dispose());
        Array.ForEach(_ints, m => m.Dispose());
    }

    private static TElement* At<TElement>(GuardedMemory<TElement> memory)
        where TElement : unmanaged => memory.Span.IsEmpty
        ? null
        : (TElement*)Unsafe.AsPointer(ref memory.Span[0]);
}
