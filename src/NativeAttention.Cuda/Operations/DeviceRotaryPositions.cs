using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Cuda;

/// <summary>
/// The position of every token of a batch, in device memory or as one number: read when the kernel runs, so
/// that a captured graph sees what is there then. The default is position t for token t of each sequence.
/// </summary>
[SuppressMessage("Performance", "CA1815", Justification = "Positions are passed on, not compared.")]
public readonly struct DeviceRotaryPositions
{
    private DeviceRotaryPositions(int offset) => (Offset, IsGiven) = (offset, true);

    private DeviceRotaryPositions(in DeviceView<int> ids, bool perSequence) =>
        (Ids, IsGiven, HasIds, PerToken) = (ids, true, true, !perSequence);

    private DeviceRotaryPositions(in DeviceView<long> ids) =>
        (WideIds, IsGiven, HasIds, PerToken, IsWide) = (ids, true, true, true, true);

    /// <summary>Position of the first token, where it is one number.</summary>
    internal int Offset { get; }

    /// <summary>32-bit positions.</summary>
    internal DeviceView<int> Ids { get; }

    /// <summary>64-bit positions.</summary>
    internal DeviceView<long> WideIds { get; }

    /// <summary>Whether anything was said.</summary>
    internal bool IsGiven { get; }

    /// <summary>Whether positions are in device memory.</summary>
    internal bool HasIds { get; }

    /// <summary>Whether every token has one of its own there; otherwise every sequence.</summary>
    internal bool PerToken { get; }

    /// <summary>Whether they have 64 bits.</summary>
    internal bool IsWide { get; }

    /// <summary>Token t of every sequence has position <paramref name="offset"/> + t.</summary>
    /// <param name="offset">Position of the first token.</param>
    public static DeviceRotaryPositions From(int offset) => new(offset);

    /// <summary>Token t of sequence b has position offsets[b] + t.</summary>
    /// <param name="offsets">Position of each sequence's first token, [batch].</param>
    public static DeviceRotaryPositions PerSequence(in DeviceView<int> offsets) =>
        new(offsets, perSequence: true);

    /// <summary>Every token has a position of its own.</summary>
    /// <param name="ids">The positions, [batch, sequence].</param>
    public static DeviceRotaryPositions Of(in DeviceView<int> ids) => new(ids, perSequence: false);

    /// <summary>Every token has a position of its own.</summary>
    /// <param name="ids">The positions, [batch, sequence].</param>
    public static DeviceRotaryPositions Of(in DeviceView<long> ids) => new(ids);
}
