namespace NativeAttention.Emulation;

/// <summary>Splits PTX text into tokens; comments and white space fall away.</summary>
internal sealed class PtxLexer(string text)
{
    private readonly List<PtxToken> _tokens = new(text.Length / 4);
    private int _position;
    private int _line = 1;

    /// <summary>All tokens of <paramref name="text"/>, closed by one of kind
    /// <see cref="PtxTokenKind.End"/>.</summary>
    public static PtxToken[] Tokenize(string text)
    {
        PtxLexer lexer = new(text);
        lexer.Run();
        return [.. lexer._tokens];
    }

    private void Run()
    {
        while (SkipBlank())
        {
            int start = _position;
            PtxTokenKind kind = Scan(text[start]);
            _tokens.Add(new PtxToken(kind, start, _position - start, _line));
        }
        _tokens.Add(new PtxToken(PtxTokenKind.End, text.Length, 0, _line));
    }

    private PtxTokenKind Scan(char first)
    {
        _position++;
        if (IsWordStart(first))
        {
            SkipWhile(IsWordPart);
            return PtxTokenKind.Word;
        }
        if (char.IsAsciiDigit(first))
        {
            ScanNumber(first);
            return PtxTokenKind.Number;
        }
        if (first == '.' && IsWordPart(Peek(0)))
        {
            ScanDotWord();
            return PtxTokenKind.DotWord;
        }
        if (first == '"')
        {
            SkipWhile(c => c is not ('"' or '\n' or '\0'));
            _position++;
            return PtxTokenKind.String;
        }
        return PtxTokenKind.Punctuation;
    }

    private void ScanDotWord()
    {
        SkipWhile(IsWordPart);
        while (Peek(0) == ':' && Peek(1) == ':')
        {
            _position += 2;
            SkipWhile(IsWordPart);
        }
    }

    private void ScanNumber(char first)
    {
        bool isBits = first == '0' && (Peek(0) | 0x20) is 'x' or 'f' or 'd' or 'b';
        if (isBits)
        {
            _position++;
            SkipWhile(IsWordPart);
            return;
        }
        SkipWhile(char.IsAsciiDigit);
        if (Peek(0) == '.' && char.IsAsciiDigit(Peek(1)))
        {
            _position++;
            SkipWhile(char.IsAsciiDigit);
        }
        if ((Peek(0) | 0x20) == 'e' && (char.IsAsciiDigit(Peek(1)) || Peek(1) is '+' or '-'))
        {
            _position += 2;
            SkipWhile(char.IsAsciiDigit);
        }
        SkipWhile(IsWordPart);
    }

    /// <summary>Moves to the next token; false at the end of the text.</summary>
    private bool SkipBlank()
    {
        while (_position < text.Length)
        {
            char c = text[_position];
            if (c == '\n')
            {
                _line++;
                _position++;
            }
            else if (c <= ' ')
            {
                // A NUL ends the text that a driver is given.
                if (c == '\0')
                {
                    return false;
                }
                _position++;
            }
            else if (c == '/' && Peek(1) == '/')
            {
                SkipWhile(ch => ch is not ('\n' or '\0'));
            }
            else if (c == '/' && Peek(1) == '*')
            {
                SkipBlockComment();
            }
            else
            {
                return true;
            }
        }
        return false;
    }

    private void SkipBlockComment()
    {
        _position += 2;
        while (_position < text.Length && !(text[_position] == '*' && Peek(1) == '/'))
        {
            if (text[_position] == '\n')
            {
                _line++;
            }
            _position++;
        }
        _position = Math.Min(_position + 2, text.Length);
    }

    private void SkipWhile(Func<char, bool> predicate)
    {
        while (_position < text.Length && predicate(text[_position]))
        {
            _position++;
        }
    }

    private char Peek(int ahead) => _position + ahead < text.Length ? text[_position + ahead] : '\0';

    private static bool IsWordStart(char c) => char.IsAsciiLetter(c) || c is '_' or '$' or '%';

    private static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$';
}
