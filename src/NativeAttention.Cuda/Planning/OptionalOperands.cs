using System.Diagnostics.CodeAnalysis;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// The optional operands of a problem: how many elements each needs, and how the views of a run are held
/// against that and bound to the kernel's parameters.
/// </summary>
internal sealed class OptionalOperands
{
    private const long NotAnnounced = -1;

    /// <summary>Takes what a problem announces.</summary>
    public OptionalOperands(AttentionProblem problem)
    {
        AttentionOperands announced = problem.Options.Operands;
        AttentionShape s = problem.Shape;
        PackedTokens? packed = problem.Strides.Packed;
        BiasType = announced.Bias?.ElementType;
        Bias = Needed(announced.Bias?.Strides, strides => OperandRules.Matrix(s, strides));
        Mask = Needed(announced.Mask, strides => OperandRules.Matrix(s, strides));
        AlibiSlopes = Needed(announced.AlibiSlopes, strides => OperandRules.Head(s, strides));
        Sinks = Needed(announced.Sinks, strides => OperandRules.Head(s, strides));
        QueryTemperature = Needed(announced.QueryTemperature, strides => OperandRules.QueryRow(s, strides, packed));
        KeyLogWeight = Needed(announced.KeyLogWeight, strides => OperandRules.KeyRow(s, strides, packed));
        HeadGate = Needed(announced.HeadGate, strides => OperandRules.QueryRow(s, strides, packed));
        KeyLengths = announced.KeyLengths ? s.Batch : NotAnnounced;
        Starts = packed is null ? NotAnnounced : s.Batch + 1L;
    }

    /// <summary>Type of the bias, when there is one.</summary>
    public ElementType? BiasType { get; }

    /// <summary>Elements of the bias; -1, as for all others, when it was not announced.</summary>
    public long Bias { get; }

    /// <summary>Elements of the boolean mask.</summary>
    public long Mask { get; }

    /// <summary>Slopes.</summary>
    public long AlibiSlopes { get; }

    /// <summary>Sinks.</summary>
    public long Sinks { get; }

    /// <summary>Temperatures.</summary>
    public long QueryTemperature { get; }

    /// <summary>Log-weights.</summary>
    public long KeyLogWeight { get; }

    /// <summary>Gates.</summary>
    public long HeadGate { get; }

    /// <summary>Key lengths.</summary>
    public long KeyLengths { get; }

    /// <summary>Cumulative lengths of queries, and of keys.</summary>
    public long Starts { get; }

    /// <summary>Checks all operands of a run and takes their addresses.</summary>
    /// <exception cref="ArgumentException">
    /// One is missing, unexpected, too small, of another type or device, or overlaps what is written.
    /// </exception>
    public void Bind<T>(ref DenseModifiedParams p, ref DeviceCall call, in DeviceAttentionInputs<T> inputs,
        scoped ReadOnlySpan<MemoryRange> written, CudaStream stream)
        where T : unmanaged
    {
        CheckBiasType(inputs.Bias);
        p.Bias.Data = Address(ref call, inputs.Bias.View, Bias, "Bias", written, stream);
        p.Mask.Data = Address(ref call, inputs.Mask, Mask, "Mask", written, stream);
        p.AlibiSlopes.Data = Address(ref call, inputs.AlibiSlopes, AlibiSlopes, "AlibiSlopes", written, stream);
        p.Sinks.Data = Address(ref call, inputs.Sinks, Sinks, "Sinks", written, stream);
        p.QueryTemperature.Data = Address(
            ref call, inputs.QueryTemperature, QueryTemperature, "QueryTemperature", written, stream);
        p.KeyLogWeight.Data = Address(ref call, inputs.KeyLogWeight, KeyLogWeight, "KeyLogWeight", written, stream);
        p.HeadGate.Data = Address(ref call, inputs.HeadGate, HeadGate, "HeadGate", written, stream);
        p.KeyLengths = Address(ref call, inputs.KeyLengths, KeyLengths, "KeyLengths", written, stream);
        p.QueryStarts = Address(
            ref call, inputs.CumulativeQueryLengths, Starts, "CumulativeQueryLengths", written, stream);
        p.KeyStarts = Address(
            ref call, inputs.CumulativeKeyLengths, Starts, "CumulativeKeyLengths", written, stream);
    }

    private static long Needed(OperandStrides? strides, Func<OperandStrides, OperandExtent> extent) =>
        strides is OperandStrides s ? checked((long)extent(s).RequiredLength) : NotAnnounced;

    private static ulong Address<T>(ref DeviceCall call, in DeviceView<T> view, long needed, string name,
        scoped ReadOnlySpan<MemoryRange> written, CudaStream stream)
        where T : unmanaged => Address(ref call, OperandView.Of(view), needed, name, written, stream);

    private static ulong Address(ref DeviceCall call, in OperandView view, long needed, string name,
        scoped ReadOnlySpan<MemoryRange> written, CudaStream stream)
    {
        if (view.Device is null && needed == NotAnnounced)
        {
            return 0;
        }

        if (view.Device is null || needed == NotAnnounced)
        {
            ThrowPresence(name, isGiven: view.Device is not null);
        }

        call.Hold(view.Device, view.Memory, name, stream);
        if (!view.IsDense || view.Count < needed)
        {
            ThrowHelper.Argument(name, $"it has {view.Count} elements{(view.IsDense ? "" : " with gaps")}; the "
                + $"plan needs a dense tensor of at least {needed}.");
        }

        ViewOperand.RequireApart(
            written, new MemoryRange(name, view.Pointer, (ulong)needed * (ulong)view.ElementBytes));
        return view.Pointer;
    }

    private void CheckBiasType(in DeviceElements bias)
    {
        if (BiasType is ElementType type && bias.View.Device is not null && bias.ElementType != type)
        {
            ThrowHelper.Argument("Bias", $"its elements are of type {bias.ElementType}; the plan was made for "
                + $"{type}.");
        }
    }

    [DoesNotReturn]
    private static void ThrowPresence(string name, bool isGiven)
    {
        string where = name.StartsWith("Cumulative", StringComparison.Ordinal)
            ? "a packed layout" : $"AttentionOptions.Operands.{name}";
        ThrowHelper.Argument(name, isGiven
            ? $"it is given, but the plan was made without {where}."
            : $"it is missing: the plan was made with {where}.");
    }
}
