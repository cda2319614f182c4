using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>The bytes of rows of which a part was accessed. They live for one launch.</summary>
internal sealed unsafe partial class GlobalShadow
{
    private const int SplitsPerChunk = 64;

    private readonly List<nint> _splitChunks = [];
    private int _splitCount;

    /// <summary>The writer of a row that is split in this launch; later it is an old stamp like any
    /// other.</summary>
    private ulong SplitMark => _first | EventTag.SplitActor;

    private bool IsSplit(GlobalRow* row) => row->Writer == SplitMark;

    /// <summary>The 16 bytes of a row, made from it if it was whole.</summary>
    private GlobalRow* Split(GlobalRow* row)
    {
        if (IsSplit(row))
        {
            return SplitAt(row->Split);
        }
        if (_splitCount == _splitChunks.Count * SplitsPerChunk)
        {
            _splitChunks.Add((nint)NativeMemory.Alloc(SplitsPerChunk * RowRun.RowBytes,
                (nuint)sizeof(GlobalRow)));
        }
        GlobalRow* bytes = SplitAt(_splitCount);
        new Span<GlobalRow>(bytes, RowRun.RowBytes).Fill(*row);
        row->Split = _splitCount++;
        row->Writer = SplitMark;
        return bytes;
    }

    private GlobalRow* SplitAt(int index) =>
        (GlobalRow*)_splitChunks[index / SplitsPerChunk] + (index % SplitsPerChunk * RowRun.RowBytes);

    private void FreeSplits()
    {
        foreach (nint chunk in _splitChunks)
        {
            NativeMemory.Free((void*)chunk);
        }
        _splitChunks.Clear();
        _splitCount = 0;
    }
}
