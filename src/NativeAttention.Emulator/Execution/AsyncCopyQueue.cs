using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// The <c>cp.async</c> copies of one warp that have not been waited for. Groups belong to threads: each lane counts its own commits, and
/// each copy remembers for each lane the commit that closed its group. Records live in host memory that is kept, in the order of issue.
/// </summary>
internal sealed unsafe class AsyncCopyQueue
{
    private readonly NativeBuffer _commitBuffer = new(32 * sizeof(int));
    private NativeBuffer _records = new(16 * sizeof(AsyncCopy));
    private int _count;

    public bool IsEmpty => _count == 0;

    /// <summary>The oldest copy, for reports.</summary>
    public AsyncCopy* First => (AsyncCopy*)_records.Pointer;

    private int* Commits => (int*)_commitBuffer.Pointer;

    public void Clear()
    {
        _count = 0;
        new Span<int>(Commits, 32).Clear();
    }

    /// <summary>Opens a record for the lanes of one instruction; the caller fills in addresses. Valid until the next call.</summary>
    public AsyncCopy* Issue(Op* op, uint lanes, int bytes)
    {
        if ((_count + 1L) * sizeof(AsyncCopy) > _records.Bytes)
        {
            Grow();
        }
        AsyncCopy* copy = First + _count++;
        copy->Op = op;
        copy->Pending = lanes;
        copy->Bytes = bytes;
        copy->IsOpen = true;
        new Span<int>(copy->Commit, 32).Clear();
        return copy;
    }

    /// <summary>Closes the current group of the given lanes.</summary>
    public void Commit(uint lanes)
    {
        int* commits = Commits;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            commits[BitOperations.TrailingZeroCount(rest)]++;
        }
        for (int i = _count - 1; i >= 0; i--)
        {
            AsyncCopy* copy = First + i;
            if (copy->IsOpen)
            {
                Close(copy, lanes, commits);
            }
        }
    }

    /// <summary>Retires, for the given lanes, every group but the newest <paramref name="newest"/>.</summary>
    public void Wait(Warp w, uint lanes, int newest)
    {
        int* commits = Commits;
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            AsyncCopy* copy = First + i;
            uint done = 0;
            for (uint rest = copy->Pending & lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                int commit = copy->Commit[lane];
                done |= commit != 0 && commit <= commits[lane] - newest ? 1u << lane : 0;
            }
            if (done != 0)
            {
                AsyncCopyHandlers.Retire(w, copy, done);
                copy->Pending &= ~done;
            }
            if (copy->Pending == 0)
            {
                continue;
            }
            if (kept != i)
            {
                First[kept] = *copy;
            }
            kept++;
        }
        _count = kept;
    }

    private static void Close(AsyncCopy* copy, uint lanes, int* commits)
    {
        bool isOpen = false;
        for (uint rest = copy->Pending; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (copy->Commit[lane] == 0 && (lanes >> lane & 1) != 0)
            {
                copy->Commit[lane] = commits[lane];
            }
            isOpen |= copy->Commit[lane] == 0;
        }
        copy->IsOpen = isOpen;
    }

    private void Grow()
    {
        NativeBuffer larger = new(_records.Bytes * 2);
        Buffer.MemoryCopy(_records.Pointer, larger.Pointer, larger.Bytes, _records.Bytes);
        _records.Free();
        _records = larger;
    }
}

/// <summary>The copies of one <c>cp.async</c> instruction.</summary>
internal unsafe struct AsyncCopy
{
    public fixed uint Destination[32];
    public fixed ulong Source[32];
    public fixed byte SourceBytes[32];

    /// <summary>Commit that closed the group of each lane; 0 while it is open.</summary>
    public fixed int Commit[32];

    public Op* Op;

    /// <summary>Lanes that have not waited for their copy.</summary>
    public uint Pending;

    /// <summary>Bytes written per lane.</summary>
    public int Bytes;

    /// <summary>True while some lane has not committed.</summary>
    public bool IsOpen;
}
