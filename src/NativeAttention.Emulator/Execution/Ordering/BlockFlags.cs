namespace NativeAttention.Emulation;

/// <summary>
/// The locations through which the warps of one block synchronise by strong accesses: flags and counters in
/// shared memory, or in global memory with block scope. A location holds what the writers of its value have
/// released.
/// </summary>
internal sealed class BlockFlags(CtaClocks clocks)
{
    private readonly Dictionary<ulong, EventVector> _locations = [];
    private readonly Stack<EventVector> _idle = [];

    /// <summary>Starts a block.</summary>
    public void Start()
    {
        foreach (EventVector vector in _locations.Values)
        {
            _idle.Push(vector);
        }
        _locations.Clear();
    }

    /// <summary>A strong load by a warp.</summary>
    public void Load(Warp w, ulong address, FlagOrder order)
    {
        if (_locations.TryGetValue(address, out EventVector? released))
        {
            w.Clock.Observe(released, order);
        }
    }

    /// <summary>A strong store, which ends what earlier writers have released here.</summary>
    public void Store(Warp w, ulong address, FlagOrder order)
    {
        if (_locations.TryGetValue(address, out EventVector? released))
        {
            released.Clear();
        }
        Publish(w, address, order);
    }

    /// <summary>An atomic operation, which passes on what earlier writers have released.</summary>
    public void Update(Warp w, ulong address, FlagOrder order)
    {
        Load(w, address, order);
        Publish(w, address, order);
    }

    private void Publish(Warp w, ulong address, FlagOrder order)
    {
        bool isRelease = (order & FlagOrder.Release) != 0;
        if (!clocks.IsOn || (!isRelease && w.Clock.Fenced is null))
        {
            return;
        }
        if (!_locations.TryGetValue(address, out EventVector? released))
        {
            released = _idle.TryPop(out EventVector? idle) ? idle : clocks.NewVector();
            released.Clear();
            _locations.Add(address, released);
        }
        if (isRelease)
        {
            w.Clock.Release(released);
        }
        else
        {
            released.Join(w.Clock.Fenced!);
        }
    }
}
