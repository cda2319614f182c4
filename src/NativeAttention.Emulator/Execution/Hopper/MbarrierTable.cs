namespace NativeAttention.Emulation;

/// <summary>The live mbarriers of one block. The eight bytes in shared memory are only marked; the state lies
/// here.</summary>
internal sealed class MbarrierTable(Cta cta)
{
    private readonly Dictionary<uint, Mbarrier> _live = [];
    private readonly Stack<Mbarrier> _free = [];

    public Dictionary<uint, Mbarrier>.ValueCollection Live => _live.Values;

    public Mbarrier? Find(uint address) => _live.GetValueOrDefault(address);

    /// <summary>Makes an mbarrier at an address where none is.</summary>
    public Mbarrier Add(uint address, int count, int owner)
    {
        if (!_free.TryPop(out Mbarrier? mbarrier))
        {
            mbarrier = new Mbarrier(cta.Clocks);
        }
        mbarrier.Start(address, count, owner);
        _live.Add(address, mbarrier);
        return mbarrier;
    }

    public void Remove(Mbarrier mbarrier)
    {
        _live.Remove(mbarrier.Address);
        _free.Push(mbarrier);
    }

    public void Clear()
    {
        foreach (Mbarrier mbarrier in _live.Values)
        {
            _free.Push(mbarrier);
        }
        _live.Clear();
    }
}
