namespace NativeAttention.Emulation;

/// <summary>A row of the table of instructions.</summary>
internal sealed record InstructionForm
{
    /// <summary>The opcodes of this form.</summary>
    public required OpcodePattern Pattern { get; init; }

    /// <summary>
    /// What the operands are, in order and destination first; null where the decoder reads them itself. A type, or
    /// <c>T</c> and <c>U</c> for the first and second type in the opcode, <c>W</c> for the integer twice as wide as T,
    /// <c>p</c> for a predicate, <c>q</c> for a predicate destination that may be a pair, <c>#n</c> for a constant up
    /// to n.
    /// </summary>
    public required string[]? Operands { get; init; }

    /// <summary>What a module has to declare.</summary>
    public required PtxLevel Level { get; init; }
}

/// <summary>A PTX ISA version (major * 10 + minor) and a target (80 for sm_80); a specific target is one whose name
/// ends in <c>a</c>.</summary>
internal readonly record struct PtxLevel(int Version, int Target, bool IsSpecific)
{
    /// <summary>Null when a module of this level may use what needs <paramref name="needed"/>, else what it
    /// lacks.</summary>
    public string? Lacks(PtxLevel needed)
    {
        if (Version < needed.Version)
        {
            return $"needs .version {needed.Version / 10}.{needed.Version % 10}, but the module declares "
                + $"{Version / 10}.{Version % 10}";
        }
        bool isOther = needed.IsSpecific && (Target != needed.Target || !IsSpecific);
        return Target < needed.Target || isOther
            ? $"needs .target {needed.TargetName}, but the module declares {TargetName}" : null;
    }

    private string TargetName => $"sm_{Target}{(IsSpecific ? "a" : "")}";

    /// <summary>Reads <c>7.8</c> and <c>sm_90a</c>; null when either is not of that form.</summary>
    public static PtxLevel? Parse(string version, string target)
    {
        string[] numbers = version.Split('.');
        bool isSpecific = target.EndsWith('a');
        bool isKnown = numbers.Length == 2 && target.StartsWith("sm_", StringComparison.Ordinal);
        return isKnown && byte.TryParse(numbers[0], out byte major) && byte.TryParse(numbers[1], out byte minor)
            && minor < 10 && byte.TryParse(target.AsSpan(3).TrimEnd('a'), out byte number)
                ? new PtxLevel((major * 10) + minor, number, isSpecific) : null;
    }
}
