namespace NativeAttention.Tool.Verification;

/// <summary>Which modifiers a case has.</summary>
internal sealed record ModifierSet
{
    /// <summary>Soft cap on the scores; null for none.</summary>
    public float? SoftCap { get; init; }

    /// <summary>Keys before and after the diagonal that a query sees; null for all.</summary>
    public (int Left, int Right)? Window { get; init; }

    /// <summary>Key beside query 0; null for keys - queries.</summary>
    public int? DiagonalOffset { get; init; }

    /// <summary>A bias and a mask, each of all scores.</summary>
    public bool Matrices { get; init; }

    /// <summary>Slopes, sinks, temperatures, key log-weights and gates.</summary>
    public bool Vectors { get; init; }

    /// <summary>Sequences with fewer keys than the others.</summary>
    public bool KeyLengths { get; init; }
}
