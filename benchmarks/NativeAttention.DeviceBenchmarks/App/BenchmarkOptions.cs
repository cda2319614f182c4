namespace NativeAttention.DeviceBenchmarks.App;

/// <summary>What the command line says.</summary>
internal sealed record BenchmarkOptions
{
    /// <summary>File that the lines are appended to; null for none.</summary>
    public string? Out { get; init; }

    /// <summary><c>short</c> or <c>full</c>.</summary>
    public string Mode { get; init; } = Short;

    /// <summary>Case file, or folder of case files; null for those beside the program.</summary>
    public string? Cases { get; init; }

    /// <summary>Text that the name of a case must contain; null for every case.</summary>
    public string? Filter { get; init; }

    /// <summary>When to begin no further case; null for never.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Name of the machine in the results; null for one made of the device's name.</summary>
    public string? Machine { get; init; }

    /// <summary>The mode that fits into a minute.</summary>
    public const string Short = "short";

    /// <summary>The mode with every case.</summary>
    public const string Full = "full";

    /// <summary>The mode of cases that an emulated device always runs, whatever <see cref="Mode"/>
    /// says: small ones.</summary>
    public const string Tiny = "tiny";
}
