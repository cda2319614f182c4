using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeAttention;

/// <summary>
/// Lengths and strides of one tensor argument, of a host tensor as of a device view: what the rules of an
/// operation are checked on. A plain value: checking allocates nothing.
/// </summary>
internal readonly struct ArgumentAxes
{
    private const int MostAxes = 6;
    private readonly Values _lengths;
    private readonly Values _strides;

    /// <summary>The axes of a host tensor.</summary>
    public ArgumentAxes(string name, ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides)
    {
        Name = name;
        Rank = lengths.Length;
        for (int i = 0; i < Math.Min(Rank, MostAxes); i++)
        {
            _lengths[i] = lengths[i];
            _strides[i] = strides[i];
        }
    }

    /// <summary>The axes of a device view.</summary>
    public ArgumentAxes(string name, ReadOnlySpan<int> lengths, ReadOnlySpan<long> strides)
    {
        Name = name;
        Rank = lengths.Length;
        for (int i = 0; i < Math.Min(Rank, MostAxes); i++)
        {
            _lengths[i] = lengths[i];
            _strides[i] = strides[i];
        }
    }

    /// <summary>Name of the argument.</summary>
    public string Name { get; }

    /// <summary>Number of axes; 0 for a default tensor.</summary>
    public int Rank { get; }

    /// <summary>Length of an axis.</summary>
    public int Length(int axis)
    {
        if (_lengths[axis] is < 0 or > int.MaxValue)
        {
            Throw($"has an axis of length {_lengths[axis]}: it must lie between 0 and 2^31 - 1.");
        }

        return (int)_lengths[axis];
    }

    /// <summary>Stride of an axis; 0 where it has no neighbours to be apart from.</summary>
    public long Stride(int axis) => _lengths[axis] > 1 ? _strides[axis] : 0;

    /// <summary>Demands a number of axes.</summary>
    /// <param name="rank">How many.</param>
    /// <param name="axes">What they are, for the message.</param>
    public void RequireRank(int rank, string axes)
    {
        if (Rank != rank)
        {
            Throw($"has {Rank} axes: it must have {rank}, {axes}.");
        }
    }

    /// <summary>Demands the lengths of all axes, which fixes their number, too.</summary>
    /// <param name="lengths">The lengths.</param>
    /// <param name="axes">What they are, for the message.</param>
    public void RequireLengths(ReadOnlySpan<int> lengths, string axes)
    {
        RequireRank(lengths.Length, axes);
        for (int i = 0; i < lengths.Length; i++)
        {
            if (_lengths[i] != lengths[i])
            {
                Throw($"is {this}: it must be {Format(lengths)}, {axes}.");
            }
        }
    }

    /// <summary>Demands that elements lie one behind the other, last axis fastest, from an axis on.</summary>
    public void RequireDense(int first, string axes)
    {
        if (((ReadOnlySpan<long>)_lengths)[..Rank].Contains(0))
        {
            return;
        }

        long expected = 1;
        for (int i = Rank - 1; i >= first; i--)
        {
            if (_lengths[i] > 1 && _strides[i] != expected)
            {
                Throw($"has stride {_strides[i]} along axis {i}: {axes} must be dense, which is {expected}.");
            }

            expected *= _lengths[i];
        }
    }

    /// <summary>Four axes as batch, sequence, heads and dim.</summary>
    /// <param name="layout">Their order: BSHD, which null means, or BHSD.</param>
    /// <param name="leading">Axes before them.</param>
    public TensorExtents Extents(AttentionLayout? layout, int leading = 0)
    {
        bool headsFirst = HeadsFirst(layout);
        RequireRank(leading + 4, (leading, headsFirst) switch
        {
            (0, false) => "[batch, sequence, heads, head dim] under BSHD",
            (0, true) => "[batch, heads, sequence, head dim] under BHSD",
            (_, false) => "[parts, batch, sequence, heads, head dim] under BSHD",
            (_, true) => "[parts, batch, heads, sequence, head dim] under BHSD",
        });
        (int sequence, int heads) = headsFirst ? (leading + 2, leading + 1) : (leading + 1, leading + 2);
        if (Length(leading + 3) > 1 && _strides[leading + 3] != 1)
        {
            Throw($"has stride {_strides[leading + 3]} along its last axis: it must be 1.");
        }

        return new TensorExtents(Length(leading), Length(sequence), Length(heads), Length(leading + 3),
            new TensorStrides(Stride(leading), Stride(sequence), Stride(heads)));
    }

    /// <summary>The lengths, for messages.</summary>
    public override string ToString() => Format(((ReadOnlySpan<long>)_lengths)[..Math.Min(Rank, MostAxes)]);

    /// <summary>Throws with the name of the argument before the message.</summary>
    [DoesNotReturn]
    public void Throw(string message) => throw new ArgumentException($"The {Name} {message}", Name);

    private static bool HeadsFirst(AttentionLayout? layout)
    {
        if (layout is not null && layout != AttentionLayout.Bshd && layout != AttentionLayout.Bhsd)
        {
            throw new ArgumentException(
                $"The layout is {layout}: tensors with axes need BSHD or BHSD to name the axes.",
                nameof(layout));
        }

        return layout == AttentionLayout.Bhsd;
    }

    private static string Format<T>(ReadOnlySpan<T> lengths)
        where T : IFormattable => "[" + string.Join(", ",
            lengths.ToArray().Select(length => length.ToString(null, CultureInfo.InvariantCulture))) + "]";

    [InlineArray(MostAxes)]
    private struct Values
    {
        private long _first;
    }
}
