using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// The <c>cp.async</c> copies of one warp that have not been waited for. Groups belong to threads: each lane counts its own commits, and
/// each copy remembers for each lane the commit that closed its group.
/// </summary>
internal sealed unsafe class AsyncCopyQueue
{
    private readonly int[] _commits = new int[32];
    private readonly Stack<AsyncCopy> _pool = new();
    private readonly List<AsyncCopy> _pending = [];

    public bool IsEmpty => _pending.Count == 0;

    /// <summary>The oldest copy, for reports.</summary>
    public AsyncCopy First => _pending[0];

    public void Clear()
    {
        foreach (AsyncCopy copy in _pending)
        {
            _pool.Push(copy);
        }
        _pending.Clear();
        Array.Clear(_commits);
    }

    /// <summary>Opens a record for the lanes of one instruction; the caller fills in addresses.</summary>
    public AsyncCopy Issue(Op* op, uint lanes, int bytes)
    {
        AsyncCopy copy = _pool.Count > 0 ? _pool.Pop() : new AsyncCopy();
        copy.Op = op;
        copy.Pending = lanes;
        copy.Bytes = bytes;
        copy.IsOpen = true;
        Array.Clear(copy.Commit);
        _pending.Add(copy);
        return copy;
    }

    /// <summary>Closes the current group of the given lanes.</summary>
    public void Commit(uint lanes)
    {
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            _commits[BitOperations.TrailingZeroCount(rest)]++;
        }
        for (int i = _pending.Count - 1; i >= 0 && (lanes != uint.MaxValue || _pending[i].IsOpen); i--)
        {
            _pending[i].Close(lanes, _commits);
        }
    }

    /// <summary>Retires, for the given lanes, every group but the newest <paramref name="newest"/>.</summary>
    public void Wait(Warp w, uint lanes, int newest)
    {
        int kept = 0;
        for (int i = 0; i < _pending.Count; i++)
        {
            AsyncCopy copy = _pending[i];
            uint done = 0;
            for (uint rest = copy.Pending & lanes; rest != 0; rest &= rest - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rest);
                int commit = copy.Commit[lane];
                done |= commit != 0 && commit <= _commits[lane] - newest ? 1u << lane : 0;
            }
            if (done != 0)
            {
                AsyncCopyHandlers.Retire(w, copy, done);
            }
            copy.Pending &= ~done;
            if (copy.Pending == 0)
            {
                _pool.Push(copy);
            }
            else
            {
                _pending[kept++] = copy;
            }
        }
        _pending.RemoveRange(kept, _pending.Count - kept);
    }
}

/// <summary>The copies of one <c>cp.async</c> instruction.</summary>
internal sealed unsafe class AsyncCopy
{
    public readonly uint[] Destination = new uint[32];
    public readonly ulong[] Source = new ulong[32];
    public readonly byte[] SourceBytes = new byte[32];

    /// <summary>Commit that closed the group of each lane; 0 while it is open.</summary>
    public readonly int[] Commit = new int[32];

    public Op* Op;

    /// <summary>Lanes that have not waited for their copy.</summary>
    public uint Pending;

    /// <summary>Bytes written per lane.</summary>
    public int Bytes;

    /// <summary>True while some lane has not committed.</summary>
    public bool IsOpen;

    public void Close(uint lanes, int[] commits)
    {
        if (!IsOpen)
        {
            return;
        }
        bool isOpen = false;
        for (uint rest = Pending; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (Commit[lane] == 0 && (lanes >> lane & 1) != 0)
            {
                Commit[lane] = commits[lane];
            }
            isOpen |= Commit[lane] == 0;
        }
        IsOpen = isOpen;
    }
}
