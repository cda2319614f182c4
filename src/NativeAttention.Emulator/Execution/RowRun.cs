using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>The bytes of one 16-byte row that lanes following each other access, so that the shadows look at
/// rows and not at lanes.</summary>
internal struct RowRun
{
    public const int RowBytes = 16;
    public const uint WholeRow = 0xFFFF;

    /// <summary>Address / 16.</summary>
    public ulong Row;

    /// <summary>The bytes accessed, one bit each.</summary>
    public uint Mask;

    public uint Lanes;

    /// <summary>Adds a lane; false when it is in another row than those before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdd(int lane, ulong address, int bytes)
    {
        ulong row = address / RowBytes;
        if (row != Row && Lanes != 0)
        {
            return false;
        }
        Row = row;
        Mask |= ((1u << bytes) - 1) << (int)(address % RowBytes);
        Lanes |= 1u << lane;
        return true;
    }
}
