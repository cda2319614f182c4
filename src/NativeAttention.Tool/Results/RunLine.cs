namespace NativeAttention.Tool.Results;

/// <summary>
/// Opens a run on one device: the lines after it belong to it until the next line of this kind.
/// </summary>
internal sealed record RunLine : ResultLine
{
    /// <summary>Value of <c>kind</c>.</summary>
    public const string Kind = "run";

    /// <summary>The version of the schema that this program writes and reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Version of the schema.</summary>
    public required int Schema { get; init; }

    /// <summary>When the run began; UTC, also when the line says otherwise or nothing.</summary>
    public required DateTime Date
    {
        get;
        init => field = value.Kind == DateTimeKind.Unspecified
            ? DateTime.SpecifyKind(value, DateTimeKind.Utc)
            : value.ToUniversalTime();
    }

    /// <summary>Short hash of the commit that was measured.</summary>
    public required string Commit { get; init; }

    /// <summary>
    /// Short name of the machine in small letters, digits and hyphens: runs of one machine are compared.
    /// </summary>
    public required string Machine { get; init; }

    /// <summary><c>cpu</c>, <c>emulator</c>, or the name of the GPU.</summary>
    public required string Device { get; init; }

    /// <summary>What else is known of the device and what drives it.</summary>
    public DeviceDetails? DeviceDetails { get; init; }

    /// <summary><c>short</c> or <c>full</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>Anything a reader of the figures should know.</summary>
    public string? Note { get; init; }

    /// <inheritdoc/>
    public override void Check()
    {
        FieldRules.Require(Schema == CurrentSchema, "schema", Schema,
            $"{CurrentSchema} (this nattn reads no other)");
        FieldRules.RequireName("commit", Commit);
        FieldRules.Require(Machine.Length > 0 && Machine.All(c => char.IsAsciiLetterLower(c)
            || char.IsAsciiDigit(c) || c == '-'), "machine", Machine, "small letters, digits and hyphens");
        FieldRules.RequireName("device", Device);
        FieldRules.RequireOneOf("mode", Mode, "short", "full");
    }
}
