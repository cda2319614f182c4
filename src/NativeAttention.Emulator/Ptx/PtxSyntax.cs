namespace NativeAttention.Emulation;

/// <summary>The form of an operand.</summary>
internal enum PtxOperandKind : byte
{
    /// <summary>A register, special register, variable, label or function.</summary>
    Name,
    Integer,

    /// <summary>A float written with the bits of a binary32 (<c>0f</c>).</summary>
    Float32,

    /// <summary>A float written in decimal or with the bits of a binary64 (<c>0d</c>).</summary>
    Float64,

    /// <summary><c>{a, b, ..}</c>.</summary>
    Vector,

    /// <summary><c>[base + offset]</c>, or with further elements <c>[base, {..}]</c>.</summary>
    Address,

    /// <summary><c>p|q</c>.</summary>
    Pair,

    /// <summary><c>-a</c> of a register, which is the only element.</summary>
    Negative,

    /// <summary><c>_</c>.</summary>
    Sink,

    /// <summary><c>(a, b)</c> of a call.</summary>
    List,
}

/// <summary>One operand as written.</summary>
internal sealed class PtxOperand
{
    public required PtxOperandKind Kind { get; init; }

    /// <summary>The name, or the base of an address ("" when the address is a number).</summary>
    public string Name { get; init; } = "";

    /// <summary>Integer value, float bits, or the offset of an address.</summary>
    public ulong Bits { get; init; }

    /// <summary>A predicate written with <c>!</c>.</summary>
    public bool IsNegated { get; init; }

    /// <summary>Elements of a vector, list, pair or many-part address.</summary>
    public PtxOperand[] Elements { get; init; } = [];
}

/// <summary>One instruction as written.</summary>
internal sealed class PtxInstruction
{
    public required string Opcode { get; init; }

    public required PtxOperand[] Operands { get; init; }

    public required PtxScope Scope { get; init; }

    public required int Line { get; init; }

    /// <summary>Range of the statement in the text.</summary>
    public required (int Start, int End) Span { get; init; }

    /// <summary>Name of the guard predicate, or null.</summary>
    public string? Guard { get; init; }

    public bool IsGuardNegated { get; init; }
}

/// <summary>What a name stands for.</summary>
internal enum PtxSymbolKind : byte
{
    Register,
    Variable,
    Label,
    Function,
}

/// <summary>Where a variable lives.</summary>
internal enum PtxSpace : byte
{
    Generic,
    Global,
    Constant,
    Shared,
    Local,
    Parameter,
}

/// <summary>A declared name.</summary>
internal sealed class PtxSymbol
{
    public required PtxSymbolKind Kind { get; init; }

    public required string Name { get; init; }

    public int Line { get; init; }

    /// <summary>Type of a register or variable.</summary>
    public PtxType Type { get; init; }

    /// <summary>Number of a register, unique in its function.</summary>
    public int Register { get; init; }

    public PtxSpace Space { get; init; }

    public int Alignment { get; init; } = 1;

    /// <summary>Bytes of a variable; 0 for an external shared array.</summary>
    public long Bytes { get; init; }

    public bool IsExternal { get; init; }

    /// <summary>A parameter of a call, or of a function that is called: it lives in local memory.</summary>
    public bool IsCallParameter { get; init; }

    /// <summary>Labels that a <c>.branchtargets</c> list names; null for any other label.</summary>
    public List<string>? Targets { get; init; }

    /// <summary>The body of a function, once it has been read.</summary>
    public PtxFunction? Body { get; set; }

    /// <summary>True when declared with a dimension.</summary>
    public bool IsArray { get; init; }

    /// <summary>Bytes of the initialiser, or null.</summary>
    public byte[]? Initializer { get; init; }

    /// <summary>Address of a variable in its space, or the statement index of a label.</summary>
    public ulong Address { get; set; }
}

/// <summary>A scope of names; function bodies and nested braces each open one.</summary>
internal sealed class PtxScope(PtxScope? parent)
{
    private readonly Dictionary<string, PtxSymbol> _symbols = new(StringComparer.Ordinal);
    private readonly List<(string Prefix, int Count, PtxType Type, int First)> _families = [];

    public bool TryAdd(PtxSymbol symbol) =>
        FindHere(symbol.Name) is null && _symbols.TryAdd(symbol.Name, symbol);

    /// <summary>Declares <paramref name="prefix"/> followed by 0 to <paramref name="count"/> - 1.</summary>
    public bool TryAddFamily(string prefix, int count, PtxType type, int first)
    {
        bool isTaken = _symbols.Keys.Any(name => IsMember(name, prefix, count, out _));
        if (isTaken || _families.Exists(f => f.Prefix == prefix))
        {
            return false;
        }
        _families.Add((prefix, count, type, first));
        return true;
    }

    /// <summary>The innermost meaning of a name, or null.</summary>
    public PtxSymbol? Find(string name)
    {
        for (PtxScope? scope = this; scope is not null; scope = scope.Parent)
        {
            PtxSymbol? symbol = scope.FindHere(name);
            if (symbol is not null)
            {
                return symbol;
            }
        }
        return null;
    }

    private PtxScope? Parent { get; } = parent;

    private PtxSymbol? FindHere(string name)
    {
        if (_symbols.TryGetValue(name, out PtxSymbol? symbol))
        {
            return symbol;
        }
        foreach ((string prefix, int count, PtxType type, int first) in _families)
        {
            if (IsMember(name, prefix, count, out int index))
            {
                symbol = new PtxSymbol
                {
                    Kind = PtxSymbolKind.Register,
                    Name = name,
                    Type = type,
                    Register = first + index
                };
                _symbols.Add(name, symbol);
                return symbol;
            }
        }
        return null;
    }

    private static bool IsMember(string name, string prefix, int count, out int index)
    {
        index = 0;
        ReadOnlySpan<char> digits = name.AsSpan(Math.Min(prefix.Length, name.Length));
        bool isNumber = name.StartsWith(prefix, StringComparison.Ordinal) && digits.Length > 0
            && digits.Length < 9
            && !(digits.Length > 1 && digits[0] == '0');
        if (!isNumber)
        {
            return false;
        }
        foreach (char c in digits)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
            index = (index * 10) + (c - '0');
        }
        return index < count;
    }
}

/// <summary>A function or entry as written.</summary>
internal sealed class PtxFunction
{
    public required string Name { get; init; }

    public required int Line { get; init; }

    public required bool IsEntry { get; init; }

    public required PtxScope Scope { get; init; }

    /// <summary>What the module declares.</summary>
    public required PtxLevel Level { get; init; }

    public List<PtxSymbol> Parameters { get; } = [];

    /// <summary>What a called function returns.</summary>
    public List<PtxSymbol> Results { get; } = [];

    public List<PtxInstruction> Instructions { get; } = [];

    /// <summary>Shared and local variables declared in the body, in order.</summary>
    public List<PtxSymbol> Variables { get; } = [];

    public int ParameterBytes { get; set; }

    public int? MaxThreads { get; set; }

    public bool RequiresExactThreads { get; set; }

    /// <summary>The number after <c>.maxnreg</c>, or 0.</summary>
    public int MaxRegisters { get; set; }

    /// <summary>Number of registers declared.</summary>
    public int RegisterCount { get; set; }

    /// <summary>Number of predicate registers declared.</summary>
    public int PredicateCount { get; set; }
}
