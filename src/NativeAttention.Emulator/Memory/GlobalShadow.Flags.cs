namespace NativeAttention.Emulation;

/// <summary>
/// The locations in global memory through which blocks synchronise. A location holds what the writers of its
/// value have published. Called with the gate held.
/// </summary>
internal sealed unsafe partial class GlobalShadow
{
    private readonly Dictionary<ulong, RemoteKnowledge> _flags = [];

    /// <summary>A strong load by a warp.</summary>
    public void LoadFlag(Warp w, ulong address, FlagOrder order)
    {
        w.Cta.Flags.Load(w, address, order);
        if ((order & FlagOrder.Device) != 0 && _flags.TryGetValue(address, out RemoteKnowledge? published))
        {
            w.Clock.Observe(published, order);
        }
    }

    /// <summary>A strong store, which ends what earlier writers have published here.</summary>
    public void StoreFlag(Warp w, ulong address, FlagOrder order)
    {
        w.Cta.Flags.Store(w, address, order);
        _flags.Remove(address);
        PublishFlag(w, address, order);
    }

    /// <summary>An atomic operation, which passes on what earlier writers have published.</summary>
    public void UpdateFlag(Warp w, ulong address, FlagOrder order)
    {
        w.Cta.Flags.Update(w, address, order);
        if ((order & FlagOrder.Device) != 0 && _flags.TryGetValue(address, out RemoteKnowledge? published))
        {
            w.Clock.Observe(published, order);
        }
        PublishFlag(w, address, order);
    }

    private void PublishFlag(Warp w, ulong address, FlagOrder order)
    {
        if ((order & FlagOrder.Device) == 0)
        {
            return;
        }
        RemoteKnowledge? published = (order & FlagOrder.Release) != 0 ? w.Clock.Publish()
            : w.Clock.Published;
        if (published is not null)
        {
            _flags.TryGetValue(address, out RemoteKnowledge? earlier);
            _flags[address] = RemoteKnowledge.Merge(earlier, published)!;
        }
    }
}
