namespace NativeAttention.Tool.Results;

/// <summary>The lengths of a case.</summary>
internal sealed record CaseShape
{
    /// <summary>Independent problems.</summary>
    public required int Batch { get; init; }

    /// <summary>Queries.</summary>
    public required int QueryLength { get; init; }

    /// <summary>Keys.</summary>
    public required int KeyLength { get; init; }

    /// <summary>Heads of the queries.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>Heads of keys and values.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Length of a query or key vector.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Length of a value or output vector.</summary>
    public required int ValueHeadDim { get; init; }

    /// <summary>The shape as the library takes it.</summary>
    public AttentionShape ToShape() =>
        new(Batch, QueryLength, KeyLength, QueryHeads, KeyValueHeads, HeadDim, ValueHeadDim);

    /// <summary>The shape of a problem of the library.</summary>
    public static CaseShape Of(AttentionShape shape) => new()
    {
        Batch = shape.Batch,
        QueryLength = shape.QueryLength,
        KeyLength = shape.KeyLength,
        QueryHeads = shape.QueryHeads,
        KeyValueHeads = shape.KeyValueHeads,
        HeadDim = shape.HeadDim,
        ValueHeadDim = shape.ValueHeadDim,
    };

    /// <summary>Refuses negative lengths.</summary>
    /// <exception cref="FormatException">A length is negative.</exception>
    public void Check()
    {
        foreach ((string name, int value) in (ReadOnlySpan<(string, int)>)
            [("batch", Batch), ("queryLength", QueryLength), ("keyLength", KeyLength),
             ("queryHeads", QueryHeads), ("keyValueHeads", KeyValueHeads), ("headDim", HeadDim),
             ("valueHeadDim", ValueHeadDim)])
        {
            FieldRules.RequireNotNegative($"shape.{name}", value);
        }
    }
}
