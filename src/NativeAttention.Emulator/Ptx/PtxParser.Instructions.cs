using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>Instructions, operands and the token helpers.</summary>
internal sealed partial class PtxParser
{
    private PtxInstruction ParseInstruction(PtxScope scope)
    {
        PtxToken first = Current;
        string? guard = null;
        bool negated = false;
        if (TryPunctuation('@'))
        {
            negated = TryPunctuation('!');
            guard = Expect(PtxTokenKind.Word, "a guard predicate");
        }
        int opcodeStart = Current.Start;
        Expect(PtxTokenKind.Word, "an instruction");
        while (Current.Kind == PtxTokenKind.DotWord && Current.Start == _tokens[_at - 1].End)
        {
            _at++;
        }
        string opcode = string.Intern(_text[opcodeStart.._tokens[_at - 1].End]);
        List<PtxOperand> operands = [];
        while (!IsPunctuation(';'))
        {
            operands.Add(ParseOperand());
            if (!IsPunctuation(';'))
            {
                ExpectPunctuation(',');
            }
        }
        int end = Current.End;
        _at++;
        return new PtxInstruction
        {
            Opcode = opcode,
            Operands = [.. operands],
            Scope = scope,
            Line = first.Line,
            Span = (first.Start, end),
            Guard = guard,
            IsGuardNegated = negated,
        };
    }

    private PtxOperand ParseOperand()
    {
        if (TryPunctuation('{'))
        {
            return new PtxOperand { Kind = PtxOperandKind.Vector, Elements = ParseElements('}') };
        }
        if (TryPunctuation('('))
        {
            return new PtxOperand { Kind = PtxOperandKind.List, Elements = ParseElements(')') };
        }
        if (TryPunctuation('['))
        {
            return ParseAddress();
        }
        if (TryPunctuation('!'))
        {
            return new PtxOperand { Kind = PtxOperandKind.Name, Name = ParseName(), IsNegated = true };
        }
        if (Current.Kind == PtxTokenKind.Word)
        {
            return ParseNamed();
        }
        if (IsPunctuation('-') && _tokens[_at + 1].Kind == PtxTokenKind.Word)
        {
            _at++;
            return new PtxOperand { Kind = PtxOperandKind.Negative, Elements = [ParseNamed()] };
        }
        return ParseNumber();
    }

    private PtxOperand ParseNamed()
    {
        string name = ParseName();
        PtxOperand first = name == "_"
            ? new PtxOperand { Kind = PtxOperandKind.Sink }
            : new PtxOperand { Kind = PtxOperandKind.Name, Name = name };
        if (TryPunctuation('|'))
        {
            return new PtxOperand { Kind = PtxOperandKind.Pair, Elements = [first, ParseNamed()] };
        }
        return first;
    }

    /// <summary>A name, with the component of a special register (<c>%tid.x</c>) or the selector of an operand of a
    /// video instruction (<c>%r1.h0</c>).</summary>
    private string ParseName()
    {
        string name = Expect(PtxTokenKind.Word, "a name");
        if (Current.Kind == PtxTokenKind.DotWord && Current.Start == _tokens[_at - 1].End)
        {
            name += Expect(PtxTokenKind.DotWord, "a component");
        }
        return name;
    }

    private PtxOperand[] ParseElements(char close)
    {
        List<PtxOperand> elements = [];
        while (!TryPunctuation(close))
        {
            elements.Add(ParseOperand());
            if (!IsPunctuation(close))
            {
                ExpectPunctuation(',');
            }
        }
        return [.. elements];
    }

    private PtxOperand ParseAddress()
    {
        string name = Current.Kind == PtxTokenKind.Word ? ParseName() : "";
        ulong offset = 0;
        if (name.Length == 0)
        {
            offset = ParseInteger();
        }
        else if (TryPunctuation('+'))
        {
            offset = ParseInteger();
        }
        else if (IsPunctuation('-'))
        {
            offset = ParseInteger();
        }
        PtxOperand[] more = TryPunctuation(',') ? ParseElements(']') : [];
        if (more.Length == 0)
        {
            ExpectPunctuation(']');
        }
        return new PtxOperand { Kind = PtxOperandKind.Address, Name = name, Bits = offset, Elements = more };
    }

    private ulong ParseInteger()
    {
        int line = Current.Line;
        PtxOperand number = ParseNumber();
        return number.Kind == PtxOperandKind.Integer
            ? number.Bits
            : throw new PtxParseException(line, "an integer is expected");
    }

    private PtxOperand ParseNumber()
    {
        bool minus = TryPunctuation('-');
        PtxToken token = Current;
        string digits = Expect(PtxTokenKind.Number, "an operand");
        ReadOnlySpan<char> body = digits;
        if (body.StartsWith("0f", StringComparison.OrdinalIgnoreCase) && TryHex(body[2..], 8, out ulong bits))
        {
            return new PtxOperand { Kind = PtxOperandKind.Float32, Bits = minus ? bits ^ 0x8000_0000 : bits };
        }
        if (body.StartsWith("0d", StringComparison.OrdinalIgnoreCase) && TryHex(body[2..], 16, out bits))
        {
            return new PtxOperand { Kind = PtxOperandKind.Float64, Bits = minus ? bits ^ (1UL << 63) : bits };
        }
        if (TryIntegerBits(body, out bits))
        {
            return new PtxOperand { Kind = PtxOperandKind.Integer, Bits = minus ? 0 - bits : bits };
        }
        bool isDecimal = body.IndexOfAny('.', 'e', 'E') > 0;
        if (isDecimal
            && double.TryParse(body, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
        {
            return new PtxOperand
            {
                Kind = PtxOperandKind.Float64,
                Bits = BitConverter.DoubleToUInt64Bits(minus ? -value : value),
            };
        }
        throw new PtxParseException(token.Line, $"'{digits}' is not a number");
    }

    private static bool TryHex(ReadOnlySpan<char> digits, int length, out ulong bits)
    {
        bits = 0;
        return digits.Length == length
            && ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bits);
    }

    private static bool TryIntegerBits(ReadOnlySpan<char> digits, out ulong bits)
    {
        digits = digits.TrimEnd('U').TrimEnd('u');
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out bits);
        }
        if (digits.StartsWith("0b", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(digits[2..], NumberStyles.AllowBinarySpecifier,
                CultureInfo.InvariantCulture, out bits);
        }
        if (digits.Length > 1 && digits[0] == '0')
        {
            return TryOctal(digits, out bits);
        }
        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out bits);
    }

    private static bool TryOctal(ReadOnlySpan<char> digits, out ulong bits)
    {
        bits = 0;
        foreach (char c in digits)
        {
            if (c is < '0' or > '7')
            {
                return false;
            }
            bits = (bits << 3) | (uint)(c - '0');
        }
        return true;
    }

    private string Expect(PtxTokenKind kind, string what)
    {
        PtxToken token = Current;
        if (token.Kind != kind)
        {
            throw new PtxParseException(token.Line, $"{what} is expected, not '{Quote(token)}'");
        }
        _at++;
        return _text.Substring(token.Start, token.Length);
    }

    private string Quote(PtxToken token) =>
        token.Kind == PtxTokenKind.End ? "end of text" : _text.Substring(token.Start, token.Length);

    private bool IsPunctuation(char c, int ahead = 0)
    {
        int at = Math.Min(_at + ahead, _tokens.Length - 1);
        return _tokens[at].Kind == PtxTokenKind.Punctuation && _text[_tokens[at].Start] == c;
    }

    private bool TryPunctuation(char c)
    {
        if (!IsPunctuation(c))
        {
            return false;
        }
        _at++;
        return true;
    }

    private void ExpectPunctuation(char c)
    {
        if (!TryPunctuation(c))
        {
            throw new PtxParseException(Current.Line, $"'{c}' is expected, not '{Quote(Current)}'");
        }
    }

    /// <summary>Skips to the next ';' on this brace level; a brace itself is left alone.</summary>
    private void SkipStatement()
    {
        while (Current.Kind != PtxTokenKind.End && !IsPunctuation('}'))
        {
            if (TryPunctuation(';'))
            {
                return;
            }
            if (IsPunctuation('{'))
            {
                SkipBraces();
                continue;
            }
            _at++;
        }
    }

    /// <summary>Skips debug directives, which end with their line or with ';'.</summary>
    private void SkipLineOrStatement(int line)
    {
        while (Current.Kind != PtxTokenKind.End && Current.Line == line)
        {
            if (TryPunctuation(';'))
            {
                return;
            }
            _at++;
        }
    }

    private void SkipSection()
    {
        while (Current.Kind != PtxTokenKind.End && !IsPunctuation('{'))
        {
            _at++;
        }
        SkipBraces();
    }

    private void SkipBraces()
    {
        int depth = 0;
        while (Current.Kind != PtxTokenKind.End)
        {
            depth += IsPunctuation('{') ? 1 : IsPunctuation('}') ? -1 : 0;
            _at++;
            if (depth == 0)
            {
                return;
            }
        }
    }

    private void SkipToModuleStatement()
    {
        while (Current.Kind != PtxTokenKind.End)
        {
            if (IsPunctuation('{'))
            {
                SkipBraces();
                return;
            }
            if (TryPunctuation(';'))
            {
                return;
            }
            PtxToken token = Current;
            if (token.Kind == PtxTokenKind.DotWord
                && _text.AsSpan(token.Start, token.Length) is ".visible" or ".entry" or ".func" or ".weak")
            {
                return;
            }
            _at++;
        }
    }
}
