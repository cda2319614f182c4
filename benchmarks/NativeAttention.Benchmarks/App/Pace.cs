namespace NativeAttention.Benchmarks.App;

/// <summary>How long everything is measured.</summary>
/// <param name="Passes">How often all cases are gone through.</param>
/// <param name="Warmup">Iterations in a pass before those that count.</param>
/// <param name="Iterations">Iterations in a pass that count.</param>
/// <param name="Milliseconds">Length of an iteration, unless one run takes longer.</param>
internal sealed record Pace(int Passes, int Warmup, int Iterations, int Milliseconds)
{
    /// <summary>Two to three minutes with the cases of the short mode.</summary>
    public static Pace Short { get; } = new(Passes: 3, Warmup: 2, Iterations: 5, Milliseconds: 100);

    /// <summary>The table of the CPU's goals: fifteen samples a case, in a few minutes.</summary>
    public static Pace Table { get; } = new(Passes: 3, Warmup: 1, Iterations: 5, Milliseconds: 5);

    /// <summary>The table of modifiers: nine samples a case and of plain attention, in about a minute.</summary>
    public static Pace Modifiers { get; } = new(Passes: 3, Warmup: 1, Iterations: 3, Milliseconds: 5);

    /// <summary>The same with fifty samples a case.</summary>
    public static Pace FullTable { get; } = new(Passes: 5, Warmup: 1, Iterations: 10, Milliseconds: 10);

    /// <summary>About twenty minutes with all cases.</summary>
    public static Pace Full { get; } = new(Passes: 5, Warmup: 3, Iterations: 7, Milliseconds: 200);
}
