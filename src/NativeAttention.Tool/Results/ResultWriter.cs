using System.Text.Json;

namespace NativeAttention.Tool.Results;

/// <summary>
/// Appends lines to a <c>results.jsonl</c>. Each is handed to the system whole before the call returns, so
/// that a killed process loses none. Use from one thread at a time.
/// </summary>
internal sealed class ResultWriter : IDisposable
{
    private const byte NewLine = (byte)'\n';
    private readonly FileStream _stream;

    /// <summary>
    /// Opens or makes a file. A last line without its end is ended when it is whole, else dropped: a killed
    /// process left it.
    /// </summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public ResultWriter(string path)
    {
        // Without a buffer of its own the stream makes one system call of each line.
        _stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read,
            bufferSize: 0);
        byte[] tail = ReadTail();
        _stream.SetLength(_stream.Length - (IsWhole(tail) ? 0 : tail.Length));
        _stream.Seek(0, SeekOrigin.End);
        if (tail.Length > 0 && IsWhole(tail))
        {
            _stream.WriteByte(NewLine);
        }
    }

    /// <summary>Appends a line.</summary>
    /// <exception cref="FormatException">A field has a value that no measurement can have.</exception>
    public void Append(ResultLine line)
    {
        line.Check();
        _stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, ResultJson.Lines.ResultLine), NewLine]);
    }

    public void Dispose() => _stream.Dispose();

    // What follows the last line end.
    private byte[] ReadTail()
    {
        long start = _stream.Length;
        while (start > 0)
        {
            _stream.Seek(start - 1, SeekOrigin.Begin);
            if (_stream.ReadByte() == NewLine)
            {
                break;
            }

            start--;
        }

        byte[] tail = new byte[_stream.Length - start];
        _stream.Seek(start, SeekOrigin.Begin);
        _stream.ReadExactly(tail);
        return tail;
    }

    private static bool IsWhole(byte[] line)
    {
        try
        {
            Utf8JsonReader reader = new(line);
            return JsonDocument.TryParseValue(ref reader, out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
