namespace NativeAttention.Emulation;

/// <summary>
/// The bulk copies of one block that nobody has waited for yet. Early copies move their bytes when they are
/// issued, late ones when a wait would otherwise fail; either way they stay here until a wait has seen them.
/// Groups belong to threads.
/// </summary>
internal sealed unsafe class BulkQueue(Cta cta)
{
    private readonly List<BulkCopy> _copies = [];
    private readonly Stack<EventVector> _vectors = [];
    private readonly int[] _commits = new int[32 * 32];

    public void Clear()
    {
        foreach (BulkCopy copy in _copies)
        {
            Return(copy);
        }
        _copies.Clear();
        Array.Clear(_commits);
    }

    /// <summary>An empty vector for what a wait for a load will order.</summary>
    public EventVector RentVector()
    {
        if (!_vectors.TryPop(out EventVector? vector))
        {
            return cta.Clocks.NewVector();
        }
        vector.Clear();
        return vector;
    }

    /// <summary>Takes in a copy whose operands have been checked.</summary>
    public void Issue(BulkCopy copy)
    {
        _copies.Add(copy);
        if (!cta.Worker.CopiesAreLate)
        {
            Arrive(copy);
        }
        else if (copy.Mbarrier is not null)
        {
            new Span<byte>(copy.Warp.Shared + copy.Shared, copy.Bytes).Fill(SharedLayout.Poison);
            cta.Worker.SharedBytesWritten += copy.Bytes;
        }
    }

    /// <summary>Lets the copies that belong to the current phase of an mbarrier arrive, as far as the phase
    /// needs them.</summary>
    public void Deliver(Mbarrier mbarrier)
    {
        long phase = mbarrier.Phase;
        for (int i = 0; i < _copies.Count && mbarrier.Phase == phase; i++)
        {
            if (_copies[i].Mbarrier == mbarrier && !_copies[i].IsMoved)
            {
                Arrive(_copies[i]);
            }
        }
    }

    /// <summary>Lets copies arrive for which some warp sleeps; true when there were any.</summary>
    public bool DeliverToSleepers()
    {
        BulkCopy? next = _copies.Find(c => c.Mbarrier is { Sleepers: not 0 } && !c.IsMoved);
        if (next is null)
        {
            return false;
        }
        Deliver(next.Mbarrier!);
        return true;
    }

    /// <summary>A wait has seen the completion of all phases of the mbarrier up to now.</summary>
    public void Observe(Mbarrier mbarrier)
    {
        for (int i = _copies.Count - 1; i >= 0; i--)
        {
            BulkCopy copy = _copies[i];
            if (copy.Mbarrier == mbarrier && copy.IsMoved && copy.Phase < mbarrier.Phase)
            {
                Return(copy);
                _copies.RemoveAt(i);
            }
        }
    }

    /// <summary>True while a copy will still announce bytes at the mbarrier, or nobody has waited for
    /// it.</summary>
    public bool IsAwaitedAt(uint mbarrier) => _copies.Exists(c => c.Mbarrier?.Address == mbarrier);

    /// <summary>Closes the group of a thread.</summary>
    public void Commit(Warp w, int lane)
    {
        int commit = ++_commits[(w.Index * 32) + lane];
        foreach (BulkCopy copy in _copies)
        {
            if (IsOf(copy, w, lane) && copy.Commit == 0)
            {
                copy.Commit = commit;
            }
        }
    }

    /// <summary>Ends all groups of a thread but the newest ones, or only their reading.</summary>
    public void Wait(Warp w, int lane, int newest, bool readsOnly)
    {
        int last = _commits[(w.Index * 32) + lane] - newest;
        for (int i = 0; i < _copies.Count; i++)
        {
            BulkCopy copy = _copies[i];
            if (!IsOf(copy, w, lane) || copy.Commit == 0 || copy.Commit > last)
            {
                continue;
            }
            FreeSource(copy);
            if (!readsOnly)
            {
                Arrive(copy);
                w.Clock.Retire(copy.GlobalTag);
                _copies.RemoveAt(i--);
            }
        }
    }

    /// <summary>The block has ended: what is left must need no shared memory any more.</summary>
    public void Finish()
    {
        foreach (BulkCopy copy in _copies)
        {
            if (!copy.IsSourceFree)
            {
                string missing = copy.Mbarrier is Mbarrier mbarrier
                    ? $"nothing has waited for it at {mbarrier}"
                    : copy.Commit == 0 ? "it was never committed to a group"
                    : "its group has not been waited for";
                Faults.Raise(copy.Warp, copy.Op, EmulatorFaultKind.AsyncCopyNotWaited, 1u << copy.Lane,
                    copy.Shared, $"the block ends while this copy uses its shared memory: {missing}");
            }
            Arrive(copy);
        }
        _copies.Clear();
    }

    private void Return(BulkCopy copy)
    {
        if (copy.End is EventVector end)
        {
            _vectors.Push(end);
            copy.End = null;
        }
    }

    private static bool IsOf(BulkCopy copy, Warp w, int lane) =>
        copy.Mbarrier is null && copy.Warp == w && copy.Lane == lane;

    private static void FreeSource(BulkCopy copy)
    {
        if (!copy.IsSourceFree)
        {
            copy.IsSourceFree = true;
            BulkMover.ReadSource(copy);
            copy.Warp.Clock.Retire(copy.Tag);
        }
    }

    private static void Arrive(BulkCopy copy)
    {
        if (copy.IsMoved)
        {
            return;
        }
        copy.IsMoved = true;
        BulkMover.Move(copy);
        if (copy.Mbarrier is Mbarrier mbarrier)
        {
            copy.Phase = mbarrier.Phase;
            mbarrier.Arriving.Join(copy.End!);
            MbarrierHandlers.CopyArrives(copy.Warp, copy.Op, copy.Lane, mbarrier, copy.Bytes);
        }
    }
}
