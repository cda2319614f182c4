namespace NativeAttention.Tool.Npy;

/// <summary>
/// Reads the Python dictionary literal of a .npy header. It understands exactly what the format allows there:
/// the three keys, one string, one truth value and one tuple of whole numbers. Everything else is refused
/// with its position.
/// </summary>
/// <remarks>The grammar is that of the NumPy enhancement proposal 1 and the documentation of
/// numpy.lib.format.</remarks>
internal ref struct NpyHeaderParser
{
    /// <summary>Most axes an array may have (NumPy 2's limit).</summary>
    public const int MaxRank = 64;

    private readonly ReadOnlySpan<char> _text;
    private readonly string _source;
    private int _position;
    private string? _descriptor;
    private bool? _fortranOrder;
    private long[]? _shape;

    private NpyHeaderParser(ReadOnlySpan<char> text, string source)
    {
        _text = text;
        _source = source;
    }

    private readonly char Current => _position < _text.Length ? _text[_position] : '\0';

    /// <summary>Parses the text of a header.</summary>
    /// <param name="text">The decoded header, newline included.</param>
    /// <param name="source">Name of the file, for messages.</param>
    /// <exception cref="NpyFormatException">The text is not a header this program reads.</exception>
    public static NpyHeader Parse(ReadOnlySpan<char> text, string source)
    {
        NpyHeaderParser parser = new(text, source);
        return parser.ParseHeader();
    }

    private NpyHeader ParseHeader()
    {
        if (_text.IsEmpty || _text[^1] != '\n')
        {
            throw new NpyFormatException(_source, "bad header: it must end with a newline");
        }

        Expect('{');
        while (!TryTake('}'))
        {
            ParseEntry();
            if (!TryTake(','))
            {
                Expect('}');
                break;
            }
        }

        SkipSpace();
        if (_position != _text.Length)
        {
            throw Unexpected("nothing but spaces after the dictionary");
        }

        return new NpyHeader(Dtype(), Require(_fortranOrder, "fortran_order"),
            _shape ?? throw Missing("shape"));
    }

    private void ParseEntry()
    {
        string key = ParseString("a key in quotes");
        Expect(':');
        SkipSpace();
        switch (key)
        {
            case "descr":
                RefuseSecond(_descriptor is not null, key);
                _descriptor = ParseDescriptor();
                break;
            case "fortran_order":
                RefuseSecond(_fortranOrder is not null, key);
                _fortranOrder = ParseTruth();
                break;
            case "shape":
                RefuseSecond(_shape is not null, key);
                _shape = ParseShape();
                break;
            default:
                throw new NpyFormatException(_source,
                    $"bad header: unknown key '{Printable(key)}'; "
                    + "allowed are 'descr', 'fortran_order' and 'shape'");
        }
    }

    private string ParseDescriptor()
    {
        if (Current is '[' or '(' or '{')
        {
            throw new NpyFormatException(_source,
                $"structured dtypes are not supported; supported are {NpyDtype.Supported}");
        }

        return ParseString("a type string in quotes");
    }

    private string ParseString(string expected)
    {
        SkipSpace();
        char quote = Current;
        if (quote is not ('\'' or '"'))
        {
            throw Unexpected(expected);
        }

        int start = ++_position;
        while (Current != quote)
        {
            // No valid key or type string needs an escape, so there is nothing to interpret.
            if (Current is '\0' or '\n' or '\\')
            {
                throw Unexpected($"the closing {quote}");
            }

            _position++;
        }

        return _text[start.._position++].ToString();
    }

    private bool ParseTruth()
    {
        foreach ((string word, bool value) in
            (ReadOnlySpan<(string, bool)>)[("True", true), ("False", false)])
        {
            if (_text[_position..].StartsWith(word))
            {
                _position += word.Length;
                return value;
            }
        }

        throw Unexpected("True or False");
    }

    private long[] ParseShape()
    {
        Expect('(');
        List<long> lengths = [];
        while (!TryTake(')'))
        {
            lengths.Add(ParseLength());
            if (lengths.Count > MaxRank)
            {
                throw new NpyFormatException(_source, $"bad header: more than {MaxRank} axes");
            }

            if (TryTake(','))
            {
                continue;
            }

            if (lengths.Count == 1)
            {
                throw Unexpected("a comma after the only length of the shape");
            }

            Expect(')');
            break;
        }

        return [.. lengths];
    }

    private long ParseLength()
    {
        SkipSpace();
        if (Current == '-')
        {
            throw Unexpected("a length of at least 0");
        }

        int start = _position;
        long length = 0;
        while (char.IsAsciiDigit(Current))
        {
            int digit = Current - '0';
            if (length > (long.MaxValue - digit) / 10)
            {
                throw new NpyFormatException(_source, "bad header: a length of the shape passes 2^63");
            }

            length = (length * 10) + digit;
            _position++;
        }

        int digits = _position - start;
        if (digits == 0 || (digits > 1 && _text[start] == '0'))
        {
            _position = start;
            throw Unexpected("a whole number");
        }

        // Python 2 wrote its long integers with this suffix; such files are still about.
        if (Current == 'L')
        {
            _position++;
        }

        return length;
    }

    private readonly NpyDtype Dtype()
    {
        string descriptor = _descriptor ?? throw Missing("descr");
        return NpyDtype.TryParse(Printable(descriptor), out NpyDtype dtype, out string problem)
            ? dtype
            : throw new NpyFormatException(_source, problem);
    }

    private void Expect(char wanted)
    {
        if (!TryTake(wanted))
        {
            throw Unexpected($"'{wanted}'");
        }
    }

    private bool TryTake(char wanted)
    {
        SkipSpace();
        if (Current != wanted)
        {
            return false;
        }

        _position++;
        return true;
    }

    private void SkipSpace()
    {
        while (Current is ' ' or '\t' or '\n' or '\r')
        {
            _position++;
        }
    }

    private readonly void RefuseSecond(bool present, string key)
    {
        if (present)
        {
            throw new NpyFormatException(_source, $"bad header: key '{key}' appears twice");
        }
    }

    private readonly bool Require(bool? value, string key) => value ?? throw Missing(key);

    private readonly NpyFormatException Missing(string key) =>
        new(_source, $"bad header: key '{key}' is missing");

    private readonly NpyFormatException Unexpected(string expected)
    {
        string found = _position < _text.Length ? $"'{Printable(_text[_position].ToString())}'" : "the end";
        return new(_source, $"bad header: expected {expected} at character {_position}, found {found}");
    }

    // Headers come from outside: control characters must not reach a terminal, nor whole pages of text.
    private static string Printable(string text)
    {
        string cut = text.Length <= 40 ? text : string.Concat(text.AsSpan(0, 40), "...");
        return string.Concat(cut.Select(c => char.IsControl(c) ? $"\\x{(int)c:x2}" : c.ToString()));
    }
}
