using System.Buffers.Binary;
using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>
/// Parses PTX text into functions and variables. Statements that cannot be read are collected in
/// <see cref="Errors"/> and skipped, so that one pass names them all.
/// </summary>
internal sealed partial class PtxParser
{
    private const int MaximumRegisters = 1 << 20;
    private const long MaximumVariableBytes = 1L << 30;

    private readonly string _text;
    private readonly PtxToken[] _tokens;
    private int _at;

    private PtxParser(string text)
    {
        _text = text;
        _tokens = PtxLexer.Tokenize(text);
        Errors = new PtxErrors(text);
    }

    public PtxScope ModuleScope { get; } = new(null);

    public List<PtxFunction> Functions { get; } = [];

    /// <summary>Module-level variables in order.</summary>
    public List<PtxSymbol> Variables { get; } = [];

    public PtxErrors Errors { get; }

    public string Version { get; private set; } = "";

    public string Target { get; private set; } = "";

    public static PtxParser Parse(string text)
    {
        PtxParser parser = new(text);
        parser.ParseModule();
        return parser;
    }

    private PtxToken Current => _tokens[_at];

    private void ParseModule()
    {
        while (Current.Kind != PtxTokenKind.End)
        {
            int start = _at;
            try
            {
                ParseModuleStatement();
            }
            catch (PtxParseException problem)
            {
                Errors.Add(problem, Current.Start);
                _at = Math.Max(_at, start + 1);
                SkipToModuleStatement();
            }
        }
        if (Version.Length == 0)
        {
            Errors.Add(1, "no .version directive: this is not PTX");
        }
        if (Target.Length == 0)
        {
            Errors.Add(1, "no .target directive");
        }
        else if (PtxLevel.Parse(Version, Target) is null)
        {
            Errors.Add(1, $"'.version {Version}' or '.target {Target}' is not known");
        }
    }

    private void ParseModuleStatement()
    {
        int line = Current.Line;
        string directive = Expect(PtxTokenKind.DotWord, "a directive");
        switch (directive)
        {
            case ".version":
                Version = Expect(PtxTokenKind.Number, "a version");
                break;
            case ".target":
                ParseTarget();
                break;
            case ".address_size":
                if (Expect(PtxTokenKind.Number, "an address size") != "64")
                {
                    throw new PtxParseException(line, "only .address_size 64 is supported");
                }
                break;
            case ".file" or ".pragma":
                SkipLineOrStatement(line);
                break;
            case ".section":
                SkipSection();
                break;
            case ".visible" or ".extern" or ".weak" or ".common":
                ParseLinked(directive == ".extern");
                break;
            case ".entry" or ".func":
                ParseFunction(directive == ".entry", isExternal: false);
                break;
            default:
                ParseVariables(directive, line, isExternal: false, function: null, ModuleScope);
                break;
        }
    }

    private void ParseLinked(bool isExternal)
    {
        int line = Current.Line;
        string directive = Expect(PtxTokenKind.DotWord, "a directive");
        if (directive is ".entry" or ".func")
        {
            ParseFunction(directive == ".entry", isExternal);
            return;
        }
        ParseVariables(directive, line, isExternal, function: null, ModuleScope);
    }

    private void ParseTarget()
    {
        Target = Expect(PtxTokenKind.Word, "a target");
        while (TryPunctuation(','))
        {
            int line = Current.Line;
            string option = Expect(PtxTokenKind.Word, "a target option");
            if (option is not ("debug" or "texmode_unified" or "texmode_independent"))
            {
                throw new PtxParseException(line, $"unsupported target option '{option}'");
            }
        }
    }

    private void ParseFunction(bool isEntry, bool isExternal)
    {
        PtxScope scope = new(ModuleScope);
        List<PtxSymbol> results = IsPunctuation('(') ? ParseParameterList(scope, isEntry: false) : [];
        int line = Current.Line;
        PtxFunction function = new()
        {
            Name = Expect(PtxTokenKind.Word, "a function name"),
            Line = line,
            IsEntry = isEntry,
            Scope = scope,
            Level = PtxLevel.Parse(Version, Target) ?? default,
        };
        function.Results.AddRange(results);
        if (IsPunctuation('('))
        {
            function.Parameters.AddRange(ParseParameterList(scope, isEntry));
        }
        LayOutParameters(function);
        ParseFunctionDirectives(function);
        PtxSymbol symbol = new() { Kind = PtxSymbolKind.Function, Name = function.Name, Line = line };
        Declare(ModuleScope, symbol, again: true);
        symbol = ModuleScope.Find(function.Name)!;
        if (TryPunctuation(';'))
        {
            return;
        }
        if (isExternal || symbol.Kind != PtxSymbolKind.Function || symbol.Body is not null)
        {
            SkipBraces();
            throw new PtxParseException(line, isExternal
                ? $"the external function '{function.Name}' has a body" : $"name '{function.Name}' is declared twice");
        }
        symbol.Body = function;
        ExpectPunctuation('{');
        ParseBody(function, scope);
        if (isEntry)
        {
            Functions.Add(function);
        }
    }

    private List<PtxSymbol> ParseParameterList(PtxScope scope, bool isEntry)
    {
        List<PtxSymbol> parameters = [];
        ExpectPunctuation('(');
        while (!TryPunctuation(')'))
        {
            int line = Current.Line;
            string directive = Expect(PtxTokenKind.DotWord, ".param");
            if (directive != ".param")
            {
                throw new PtxParseException(line, $"unsupported parameter space '{directive}'");
            }
            PtxSymbol parameter = ParseDeclarator(
                isEntry ? PtxSpace.Parameter : PtxSpace.Local, isExternal: false, line, isCallParameter: !isEntry);
            // Prototypes may leave their parameters without a name.
            Declare(scope, parameter, again: parameter.Name == "_");
            parameters.Add(parameter);
            TryPunctuation(',');
        }
        return parameters;
    }

    private static void LayOutParameters(PtxFunction function)
    {
        long offset = 0;
        foreach (PtxSymbol parameter in function.Parameters)
        {
            offset = (offset + parameter.Alignment - 1) / parameter.Alignment * parameter.Alignment;
            parameter.Address = (ulong)offset;
            offset += parameter.Bytes;
        }
        function.ParameterBytes = (int)offset;
    }

    private void ParseFunctionDirectives(PtxFunction function)
    {
        while (Current.Kind == PtxTokenKind.DotWord)
        {
            int line = Current.Line;
            string directive = Expect(PtxTokenKind.DotWord, "a directive");
            switch (directive)
            {
                case ".maxntid" or ".reqntid":
                    function.MaxThreads = ParseIntegers(3).Aggregate(1, (product, n) => product * n);
                    function.RequiresExactThreads = directive == ".reqntid";
                    break;
                case ".minnctapersm" or ".maxnctapersm":
                    ParseIntegers(1);
                    break;
                case ".maxnreg":
                    function.MaxRegisters = ParseIntegers(1)[0];
                    break;
                case ".reqnctapercluster" or ".maxclusterrank":
                    if (ParseIntegers(3).Exists(n => n != 1))
                    {
                        throw new PtxParseException(line,
                            $"'{function.Name}' wants clusters of several blocks, which are not supported");
                    }
                    break;
                case ".explicitcluster":
                    break;
                case ".noreturn":
                    break;
                case ".pragma":
                    SkipLineOrStatement(line);
                    break;
                default:
                    throw new PtxParseException(line,
                        $"unsupported directive '{directive}' on '{function.Name}'");
            }
        }
    }

    private List<int> ParseIntegers(int most)
    {
        List<int> values = [];
        do
        {
            int line = Current.Line;
            string digits = Expect(PtxTokenKind.Number, "a number");
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
                || values.Count == most)
            {
                throw new PtxParseException(line, $"unexpected number '{digits}'");
            }
            values.Add(value);
        }
        while (TryPunctuation(','));
        return values;
    }

    private void ParseBody(PtxFunction function, PtxScope scope)
    {
        while (!TryPunctuation('}'))
        {
            int start = _at;
            int line = Current.Line;
            if (Current.Kind == PtxTokenKind.End)
            {
                throw new PtxParseException(line, $"the text ends inside '{function.Name}'");
            }
            try
            {
                ParseStatement(function, scope);
            }
            catch (PtxParseException problem)
            {
                Errors.Add(problem, Current.Start);
                _at = Math.Max(_at, start);
                SkipStatement();
            }
        }
    }

    private void ParseStatement(PtxFunction function, PtxScope scope)
    {
        if (TryPunctuation('{'))
        {
            ParseBody(function, new PtxScope(scope));
            return;
        }
        if (TryPunctuation(';'))
        {
            return;
        }
        int line = Current.Line;
        if (Current.Kind == PtxTokenKind.DotWord)
        {
            ParseBodyDirective(function, scope, line);
            return;
        }
        if (Current.Kind == PtxTokenKind.Word && IsPunctuation(':', 1))
        {
            string label = Expect(PtxTokenKind.Word, "a label");
            ExpectPunctuation(':');
            PtxSymbol symbol = new()
            {
                Kind = PtxSymbolKind.Label,
                Name = label,
                Line = line,
                Address = (ulong)function.Instructions.Count,
                Targets = ParseTargets(),
            };
            Declare(scope, symbol, again: false);
            return;
        }
        function.Instructions.Add(ParseInstruction(scope));
    }

    /// <summary>The names of a <c>.branchtargets</c> list, or null when none begins here.</summary>
    private List<string>? ParseTargets()
    {
        if (Current.Kind != PtxTokenKind.DotWord
            || !_text.AsSpan(Current.Start, Current.Length).SequenceEqual(".branchtargets"))
        {
            return null;
        }
        _at++;
        List<string> targets = [];
        do
        {
            targets.Add(Expect(PtxTokenKind.Word, "a label"));
        }
        while (TryPunctuation(','));
        ExpectPunctuation(';');
        return targets;
    }

    private void ParseBodyDirective(PtxFunction function, PtxScope scope, int line)
    {
        string directive = Expect(PtxTokenKind.DotWord, "a directive");
        switch (directive)
        {
            case ".reg":
                ParseRegisters(function, scope);
                break;
            case ".loc" or ".pragma" or ".file":
                SkipLineOrStatement(line);
                break;
            default:
                ParseVariables(directive, line, isExternal: false, function, scope);
                break;
        }
    }

    private void ParseRegisters(PtxFunction function, PtxScope scope)
    {
        int line = Current.Line;
        string typeName = Expect(PtxTokenKind.DotWord, "a register type");
        PtxType type = PtxTypes.Parse(typeName.AsSpan(1));
        if (!type.IsRegisterType())
        {
            throw new PtxParseException(line, $"unsupported register type '{typeName}'");
        }
        do
        {
            string name = Expect(PtxTokenKind.Word, "a register name");
            bool added;
            int count = 1;
            if (TryPunctuation('<'))
            {
                count = ParseIntegers(1)[0];
                if (count > MaximumRegisters - function.RegisterCount)
                {
                    throw new PtxParseException(line, $"more than {MaximumRegisters} registers");
                }
                ExpectPunctuation('>');
                added = scope.TryAddFamily(name, count, type, function.RegisterCount);
            }
            else
            {
                added = scope.TryAdd(new PtxSymbol
                {
                    Kind = PtxSymbolKind.Register,
                    Name = name,
                    Type = type,
                    Register = function.RegisterCount,
                    Line = line,
                });
            }
            if (!added)
            {
                throw new PtxParseException(line, $"register '{name}' is declared twice in one scope");
            }
            function.RegisterCount += count;
            function.PredicateCount += type == PtxType.Pred ? count : 0;
        }
        while (TryPunctuation(','));
        ExpectPunctuation(';');
    }

    private void ParseVariables(string directive, int line, bool isExternal, PtxFunction? function,
        PtxScope scope)
    {
        PtxSpace space = directive switch
        {
            ".global" => PtxSpace.Global,
            ".const" => PtxSpace.Constant,
            ".shared" => PtxSpace.Shared,
            ".local" => PtxSpace.Local,
            ".param" when function is not null => PtxSpace.Local,
            _ => throw new PtxParseException(line, $"unsupported directive '{directive}'"),
        };
        if (function is null && space == PtxSpace.Local)
        {
            throw new PtxParseException(line, "a .local variable outside a function");
        }
        PtxSymbol variable = ParseDeclarator(space, isExternal, line, isCallParameter: directive == ".param");
        ExpectPunctuation(';');
        if (isExternal && space != PtxSpace.Shared)
        {
            throw new PtxParseException(line, $"unsupported external variable '{variable.Name}'");
        }
        Declare(scope, variable, again: false);
        (function?.Variables ?? Variables).Add(variable);
    }

    /// <summary>Reads <c>[.align n] .type name[n][m] [= initialiser]</c>.</summary>
    private PtxSymbol ParseDeclarator(
        PtxSpace space, bool isExternal, int line, bool isCallParameter = false)
    {
        int alignment = 0;
        PtxType type = PtxType.None;
        while (type == PtxType.None)
        {
            string word = Expect(PtxTokenKind.DotWord, "a type");
            if (word == ".align")
            {
                alignment = ParseIntegers(1)[0];
            }
            else if (word is ".ptr" or ".global" && (space == PtxSpace.Parameter || isCallParameter))
            {
                continue;
            }
            else
            {
                type = PtxTypes.Parse(word.AsSpan(1));
                if (type is PtxType.None or PtxType.Pred or PtxType.B128)
                {
                    throw new PtxParseException(line, $"unsupported variable type or attribute '{word}'");
                }
            }
        }
        SkipPointerAttributes(space == PtxSpace.Parameter || isCallParameter);
        string name = Expect(PtxTokenKind.Word, "a variable name");
        bool isArray = IsPunctuation('[');
        long count = ParseDimensions(isExternal, line);
        alignment = Math.Max(alignment, type.Bytes());
        if (!int.IsPow2(alignment))
        {
            throw new PtxParseException(line, $"alignment {alignment} of '{name}' is not a power of two");
        }
        byte[]? data = TryPunctuation('=') ? ParseInitializer(type, count, line) : null;
        return new PtxSymbol
        {
            Kind = PtxSymbolKind.Variable,
            Name = name,
            Type = type,
            Space = space,
            Alignment = alignment,
            Line = line,
            Bytes = count * type.Bytes(),
            IsExternal = isExternal,
            IsCallParameter = isCallParameter,
            IsArray = isArray,
            Initializer = data,
        };
    }

    /// <summary>Skips what newer compilers write on pointer parameters: <c>.ptr .global .align
    /// 16</c>.</summary>
    private void SkipPointerAttributes(bool isParameter)
    {
        while (isParameter && Current.Kind == PtxTokenKind.DotWord)
        {
            if (Expect(PtxTokenKind.DotWord, "an attribute") == ".align")
            {
                ParseIntegers(1);
            }
        }
    }

    private long ParseDimensions(bool isExternal, int line)
    {
        long count = 1;
        while (TryPunctuation('['))
        {
            if (TryPunctuation(']'))
            {
                return isExternal ? 0 : throw new PtxParseException(line, "an array without a size");
            }
            count *= ParseIntegers(1)[0];
            if (count > MaximumVariableBytes / 8)
            {
                throw new PtxParseException(line, "an array larger than memory");
            }
            ExpectPunctuation(']');
        }
        return count;
    }

    private byte[] ParseInitializer(PtxType type, long count, int line)
    {
        List<PtxOperand> values = [];
        CollectInitializers(values);
        byte[] data = new byte[count * type.Bytes()];
        if (values.Count > count)
        {
            throw new PtxParseException(line, "more initial values than elements");
        }
        Span<byte> eight = stackalloc byte[8];
        for (int i = 0; i < values.Count; i++)
        {
            ulong bits = values[i].Kind switch
            {
                PtxOperandKind.Integer => values[i].Bits,
                PtxOperandKind.Float32 when type == PtxType.F32 => values[i].Bits,
                PtxOperandKind.Float64 when type == PtxType.F64 => values[i].Bits,
                PtxOperandKind.Float64 when type == PtxType.F32 =>
                    BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(values[i].Bits)),
                _ => throw new PtxParseException(line, "only plain numbers are supported as initial values"),
            };
            BinaryPrimitives.WriteUInt64LittleEndian(eight, bits);
            eight[..type.Bytes()].CopyTo(data.AsSpan(i * type.Bytes()));
        }
        return data;
    }

    private void CollectInitializers(List<PtxOperand> values)
    {
        if (!TryPunctuation('{'))
        {
            values.Add(ParseOperand());
            return;
        }
        while (!TryPunctuation('}'))
        {
            CollectInitializers(values);
            TryPunctuation(',');
        }
    }

    private static void Declare(PtxScope scope, PtxSymbol symbol, bool again)
    {
        if (!scope.TryAdd(symbol) && !again)
        {
            string what = symbol.Kind == PtxSymbolKind.Label ? "label" : "name";
            throw new PtxParseException(symbol.Line, $"{what} '{symbol.Name}' is declared twice");
        }
    }
}
