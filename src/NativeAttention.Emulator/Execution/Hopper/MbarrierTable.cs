using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// The live mbarriers of one block. The eight bytes in shared memory are only marked; the state lies here.
/// For each warp it also keeps the phases that the warp can know to be complete, so that a wait for a parity
/// that two phases share is seen. This knowledge travels as the order of memory does: from arrivals to
/// waiters, at mbarriers and at barriers.
/// </summary>
internal sealed class MbarrierTable
{
    private readonly Dictionary<uint, Mbarrier> _live = [];
    private readonly Dictionary<uint, long>[] _known = [.. Enumerable.Range(0, 32).Select(_ => new Dictionary<uint, long>())];
    private readonly Dictionary<uint, Dictionary<uint, long>> _arrived = [];

    public bool IsEmpty => _live.Count == 0;

    public IEnumerable<Mbarrier> Live => _live.Values;

    public Mbarrier? Find(uint address) => _live.GetValueOrDefault(address);

    public void Add(Mbarrier mbarrier)
    {
        _live.Add(mbarrier.Address, mbarrier);
        _arrived[mbarrier.Address] = [];
        Forget(mbarrier.Address);
    }

    public void Remove(uint address)
    {
        _live.Remove(address);
        Forget(address);
    }

    public void Clear()
    {
        if (_live.Count + _arrived.Count == 0)
        {
            return;
        }
        _live.Clear();
        _arrived.Clear();
        Array.ForEach(_known, k => k.Clear());
    }

    /// <summary>The number of phases the warp can know to be complete.</summary>
    public long Known(int warp, uint address) => _known[warp].GetValueOrDefault(address);

    /// <summary>What a warp knows goes to those who will wait at the mbarrier.</summary>
    public void Arrived(int warp, Mbarrier mbarrier)
    {
        // A thread that arrives takes part in the phase, so it may rely on the ones before.
        Raise(_known[warp], mbarrier.Address, mbarrier.Phase);
        Join(_known[warp], _arrived[mbarrier.Address]);
    }

    /// <summary>A warp has seen that <paramref name="phases"/> phases are complete.</summary>
    public void Waited(int warp, Mbarrier mbarrier, long phases)
    {
        Join(_arrived[mbarrier.Address], _known[warp]);
        Raise(_known[warp], mbarrier.Address, phases);
    }

    /// <summary>The warps have met at a barrier.</summary>
    public void Met(uint warps)
    {
        if (IsEmpty || BitOperations.PopCount(warps) < 2)
        {
            return;
        }
        Dictionary<uint, long> all = [];
        for (uint rest = warps; rest != 0; rest &= rest - 1)
        {
            Join(_known[BitOperations.TrailingZeroCount(rest)], all);
        }
        for (uint rest = warps; rest != 0; rest &= rest - 1)
        {
            Join(all, _known[BitOperations.TrailingZeroCount(rest)]);
        }
    }

    private void Forget(uint address) => Array.ForEach(_known, k => k.Remove(address));

    private static void Join(Dictionary<uint, long> from, Dictionary<uint, long> into)
    {
        foreach ((uint address, long phases) in from)
        {
            Raise(into, address, phases);
        }
    }

    private static void Raise(Dictionary<uint, long> known, uint address, long phases)
    {
        if (phases > known.GetValueOrDefault(address))
        {
            known[address] = phases;
        }
    }
}
