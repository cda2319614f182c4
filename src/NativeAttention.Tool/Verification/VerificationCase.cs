namespace NativeAttention.Tool.Verification;

/// <summary>One problem that a kernel is checked on.</summary>
/// <param name="Name">What it is about, for people.</param>
/// <param name="Shape">Lengths.</param>
/// <param name="Mask">Visible keys.</param>
/// <param name="HeadsFirst">BHSD instead of BSHD.</param>
/// <param name="Scale">Factor on the scores; null for the default.</param>
internal sealed record VerificationCase(
    string Name, AttentionShape Shape, AttentionMask Mask, bool HeadsFirst = false, float? Scale = null)
{
    /// <summary>What else changes the scores; a kernel that does not know it is not checked on it.</summary>
    public ModifierSet? Modifiers { get; init; }

    /// <summary>The map that the tokens lie on, for neighborhood attention; null for dense attention.</summary>
    public MapPattern? Map { get; init; }

    /// <summary>Whether the log-sum-exp has a gradient, too; of cases of backward.</summary>
    public bool LseGradient { get; init; }

    /// <summary>Rows of key and value in storage, without those of extra keys, which follow.</summary>
    public int KeyRows => Shape.Batch * Shape.KeyValueHeads * (Shape.KeyLength - ExtraKeys);

    private int ExtraKeys => Map?.ExtraKeys ?? 0;

    /// <summary>A tensor with a row for each query: query, output and their gradients.</summary>
    public LogicalTensor Queries(int dim) => new(Shape.QueryHeads, Shape.QueryLength, dim, HeadsFirst);

    /// <summary>A tensor with a row for each key: key, value and their gradients.</summary>
    public LogicalTensor Keys(int dim) =>
        new(Shape.KeyValueHeads, Shape.KeyLength, dim, HeadsFirst) { Extra = ExtraKeys };

    /// <summary>The options of the library, asking for a rung; null where there are none.</summary>
    public AttentionOptions ToOptions(string? rung) => new()
    {
        Mask = Modifiers?.Window is { } window ? AttentionMask.Window(window.Left, window.Right) : Mask,
        Scale = Scale,
        SoftCap = Modifiers?.SoftCap,
        DiagonalOffset = Modifiers?.DiagonalOffset,
        Operands = Modifiers is null ? AttentionOperands.None : CaseModifiers.Announce(Shape, Modifiers),
        Layout = HeadsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
        Tuning = new TuningHints { Rung = rung },
    };

    /// <summary>The problem in short: lengths, mask, layout.</summary>
    public string Describe()
    {
        AttentionShape s = Shape;
        string scale = Scale is { } value ? $" scale={value}" : "";
        return $"B={s.Batch} Sq={s.QueryLength} Sk={s.KeyLength} Hq={s.QueryHeads} Hkv={s.KeyValueHeads} "
            + $"D={s.HeadDim} Dv={s.ValueHeadDim} {Map?.ToString() ?? $"{Mask}"}{scale} {(HeadsFirst ? "bhsd" : "bshd")}";
    }
}
