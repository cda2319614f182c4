namespace NativeAttention.Cuda;

/// <summary>
/// Page-locked memory through which ordinary memory is copied from and to a device: a few slots used in turn,
/// each reusable when the copy recorded behind it is done. Any thread may rent.
/// </summary>
internal sealed class StagingPool(CudaDevice device)
{
    /// <summary>Bytes of one slot.</summary>
    public const int SlotBytes = 4 << 20;

    private const int MostSlots = 4;

    private readonly Lock _lock = new();
    private readonly Queue<StagingSlot> _returned = new();
    private readonly HashSet<StagingSlot> _all = [];

    /// <summary>Number of slots, for tests.</summary>
    public int Slots
    {
        get
        {
            lock (_lock)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>
    /// Rents a slot of <see cref="SlotBytes"/>, waiting for an older copy if all are in use.
    /// </summary>
    public StagingSlot Rent()
    {
        StagingSlot? oldest;
        lock (_lock)
        {
            Trim();
            bool reuse = _returned.TryPeek(out oldest)
                && (_all.Count >= MostSlots || device.Context.IsEventDone(oldest.Recorded));
            if (!reuse)
            {
                return Create(SlotBytes);
            }

            _returned.Dequeue();
        }

        device.Context.SynchronizeEvent(oldest!.Recorded);
        return oldest;
    }

    /// <summary>Rents a slot of at least so many bytes without ever waiting.</summary>
    public StagingSlot RentNow(long bytes)
    {
        lock (_lock)
        {
            Trim();
            if (bytes <= SlotBytes && _returned.TryPeek(out StagingSlot? oldest)
                && device.Context.IsEventDone(oldest.Recorded))
            {
                return _returned.Dequeue();
            }

            return Create(Math.Max(bytes, SlotBytes));
        }
    }

    /// <summary>Gives a slot back; it is reused when its event has happened.</summary>
    public void Return(StagingSlot slot)
    {
        lock (_lock)
        {
            _returned.Enqueue(slot);
            Trim();
        }
    }

    /// <summary>Frees all slots, rented ones too. The device is idle.</summary>
    public void Free()
    {
        lock (_lock)
        {
            foreach (StagingSlot slot in _all)
            {
                Free(slot);
            }

            _all.Clear();
            _returned.Clear();
        }
    }

    private StagingSlot Create(long bytes)
    {
        nint pointer = device.Context.AllocatePinned(bytes);
        try
        {
            StagingSlot slot = new(pointer, bytes, device.Context.CreateEvent(timing: false));
            _all.Add(slot);
            return slot;
        }
        catch
        {
            device.Context.FreePinned(pointer);
            throw;
        }
    }

    // Slots beyond the number kept, and large ones, go as soon as their copy is done.
    private void Trim()
    {
        for (int left = _returned.Count; left > 0; left--)
        {
            StagingSlot slot = _returned.Dequeue();
            bool surplus = slot.Bytes > SlotBytes || _all.Count > MostSlots;
            if (surplus && device.Context.IsEventDone(slot.Recorded))
            {
                _all.Remove(slot);
                Free(slot);
            }
            else
            {
                _returned.Enqueue(slot);
            }
        }
    }

    private void Free(StagingSlot slot)
    {
        device.Context.DestroyEvent(slot.Recorded);
        device.Context.FreePinned(slot.Pointer);
    }
}

/// <summary>One piece of page-locked memory and the event behind its last copy.</summary>
internal sealed record StagingSlot(nint Pointer, long Bytes, nint Recorded);
