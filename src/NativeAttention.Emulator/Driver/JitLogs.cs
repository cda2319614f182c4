using System.Text;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>The log buffers that a caller of <c>cuModuleLoadDataEx</c> offers.</summary>
internal readonly unsafe ref struct JitLogs
{
    private readonly LogBuffer _info;
    private readonly LogBuffer _error;

    internal JitLogs(uint count, JitOption* options, void** values)
    {
        DriverFailure.Require(
            count == 0 || (options != null && values != null), "options are announced and null is given");
        for (uint i = 0; i < count; i++)
        {
            switch (options[i])
            {
                case JitOption.InfoLogBuffer:
                    _info.Buffer = (byte*)values[i];
                    break;
                case JitOption.InfoLogBufferSizeBytes:
                    _info.Size = &values[i];
                    break;
                case JitOption.ErrorLogBuffer:
                    _error.Buffer = (byte*)values[i];
                    break;
                case JitOption.ErrorLogBufferSizeBytes:
                    _error.Size = &values[i];
                    break;
            }
        }
    }

    internal void WriteInfo(string text)
    {
        _info.Write(text);
        _error.Write("");
    }

    internal void WriteError(string text)
    {
        _info.Write("");
        _error.Write(text);
    }

    /// <summary>
    /// A buffer, and the option value that holds its size and takes the number of bytes written.
    /// </summary>
    private struct LogBuffer
    {
        internal byte* Buffer;
        internal void** Size;

        internal readonly void Write(string text)
        {
            if (Buffer == null || Size == null || (nuint)(*Size) == 0)
            {
                return;
            }

            int room = (int)Math.Min((nuint)(*Size), int.MaxValue);
            Span<byte> target = new(Buffer, room);
            Encoder encoder = Encoding.UTF8.GetEncoder();
            encoder.Convert(text, target[..^1], flush: true, out _, out int written, out _);
            target[written] = 0;
            *Size = (void*)(nuint)(text.Length == 0 ? 0 : written + 1);
        }
    }
}
