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

    /// <summary>The options of the library, asking for a rung.</summary>
    public AttentionOptions ToOptions(string rung) => new()
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
