using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// The <c>cp.async</c> copies of one warp that have not been waited for. Groups belong to threads: each lane
/// counts its own commits, and each copy remembers for each lane the commit that closed its group. Records
/// live in host memory that is kept, in the order of issue.
/// </summary>
internal sealed unsafe class AsyncCopyQueue
{
    private readonly NativeBuffer _commitBuffer = new(32 * sizeof(int));
    private NativeBuffer _records = new(16 * sizeof(AsyncCopy));
    private int _count;

    // While all lanes have always committed and waited together, one number for the warp says what the
    // numbers of the lanes would.
    private bool _isUniform = true;
    private int _uniformCommits;

    // The tag of the group that is open, 0 while it is empty.
    private uint _tag;

    public bool IsEmpty => _count == 0;

    /// <summary>The oldest copy, for reports.</summary>
    public AsyncCopy* First => (AsyncCopy*)_records.Pointer;

    private int* Commits => (int*)_commitBuffer.Pointer;

    public void Clear()
    {
        (_count, _isUniform, _uniformCommits, _tag) = (0, true, 0, 0);
    }

    /// <summary>Opens a record for the lanes of one instruction; the caller fills in addresses. Valid until
    /// the next call.</summary>
    public AsyncCopy* Issue(Warp w, Op* op, uint lanes, int bytes)
    {
        if ((_count + 1L) * sizeof(AsyncCopy) > _records.Bytes)
        {
            Grow();
        }
        AsyncCopy* copy = First + _count++;
        if (_tag == 0)
        {
            _tag = w.Clock.Fork(ActorKind.Copy);
        }
        copy->Op = op;
        copy->Tag = _tag;
        copy->Pending = lanes;
        copy->Bytes = bytes;
        copy->IsOpen = true;
        copy->UniformCommit = 0;
        if (!_isUniform)
        {
            new Span<int>(copy->Commit, 32).Clear();
        }
        return copy;
    }

    /// <summary>Closes the current group of the given lanes.</summary>
    public void Commit(uint lanes)
    {
        _tag = 0;
        if (_isUniform && lanes == uint.MaxValue)
        {
            _uniformCommits++;
            for (int i = _count - 1; i >= 0 && First[i].IsOpen; i--)
            {
                First[i].IsOpen = false;
                First[i].UniformCommit = _uniformCommits;
            }
            return;
        }
        CountByLane();
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
        if (lanes != uint.MaxValue)
        {
            CountByLane();
        }
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            AsyncCopy* copy = First + i;
            uint done = Done(copy, lanes, newest);
            if (done != 0)
            {
                Retire(w, copy, done);
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

    /// <summary>Ends all copies of the given lanes, committed or not; groups are counted on.</summary>
    public void Land(Warp w, uint lanes)
    {
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            AsyncCopy* copy = First + i;
            uint done = copy->Pending & lanes;
            if (done != 0)
            {
                Retire(w, copy, done);
            }
            if (copy->Pending != 0)
            {
                First[kept++] = *copy;
            }
        }
        _count = kept;
    }

    /// <summary>Ends the copies of some lanes: what they wrote is ordered before the warp's next
    /// access.</summary>
    private void Retire(Warp w, AsyncCopy* copy, uint lanes)
    {
        AsyncCopyHandlers.Arrive(w, copy, lanes);
        copy->Pending &= ~lanes;
        if (_isUniform)
        {
            w.Clock.Retire(copy->Tag);
        }
        else
        {
            AsyncCopyHandlers.Land(w, copy, lanes);
        }
    }

    /// <summary>The lanes of a copy whose wait it satisfies.</summary>
    private uint Done(AsyncCopy* copy, uint lanes, int newest)
    {
        if (_isUniform)
        {
            return !copy->IsOpen && copy->UniformCommit <= _uniformCommits - newest ? copy->Pending : 0;
        }
        int* commits = Commits;
        uint done = 0;
        for (uint rest = copy->Pending & lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            int commit = copy->Commit[lane];
            done |= commit != 0 && commit <= commits[lane] - newest ? 1u << lane : 0;
        }
        return done;
    }

    /// <summary>Goes over to one number for each lane, from what the one number of the warp has said so
    /// far.</summary>
    private void CountByLane()
    {
        if (!_isUniform)
        {
            return;
        }
        _isUniform = false;
        new Span<int>(Commits, 32).Fill(_uniformCommits);
        for (int i = 0; i < _count; i++)
        {
            new Span<int>(First[i].Commit, 32).Fill(First[i].UniformCommit);
        }
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

    /// <summary>The same for all lanes, while they do everything together.</summary>
    public int UniformCommit;

    public Op* Op;

    /// <summary>Tag of what the copy writes; one for all copies of a group.</summary>
    public uint Tag;

    /// <summary>Lanes that have not waited for their copy.</summary>
    public uint Pending;

    /// <summary>Bytes written per lane.</summary>
    public int Bytes;

    /// <summary>True while some lane has not committed.</summary>
    public bool IsOpen;
}
