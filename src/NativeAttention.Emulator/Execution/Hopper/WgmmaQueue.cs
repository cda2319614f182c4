using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>One wgmma of a warp from its issue until it has been waited for.</summary>
internal sealed unsafe class WgmmaEntry
{
    private const int RegisterBytes = 128;

    public Op* Op;
    public ulong DescriptorA;
    public ulong DescriptorB;

    /// <summary>False when the product replaces the accumulators.</summary>
    public bool Adds;

    /// <summary>Tag of its reads of shared memory.</summary>
    public uint Tag;

    /// <summary>Number of its group; 0 while the group is open.</summary>
    public int Group;

    /// <summary>A as it was at the issue, and, while the registers hold poison, the accumulators.</summary>
    public NativeBuffer Fragments { get; } = new(4 * RegisterBytes);

    public NativeBuffer? Accumulators { get; private set; }

    public bool HoldsAccumulators;

    public WgmmaOperands* Operands => (WgmmaOperands*)Op->List;

    /// <summary>Takes the accumulators out of the registers and leaves poison there.</summary>
    public void TakeAccumulators(byte* registers)
    {
        Accumulators ??= new NativeBuffer(WgmmaOperands.MaximumAccumulators * RegisterBytes);
        Vector512<uint> poison = Vector512.Create(WgmmaQueue.Poison);
        for (int i = 0; i < Operands->AccumulatorCount; i++)
        {
            uint* slot = (uint*)(registers + Operands->Accumulators[i]);
            Buffer.MemoryCopy(slot, Accumulators.Pointer + (i * RegisterBytes), RegisterBytes, RegisterBytes);
            poison.Store(slot);
            poison.Store(slot + 16);
        }
        HoldsAccumulators = true;
    }

    /// <summary>Puts them back; false when a register no longer holds the poison.</summary>
    public bool TryReturnAccumulators(byte* registers)
    {
        Vector512<uint> poison = Vector512.Create(WgmmaQueue.Poison);
        for (int i = 0; i < Operands->AccumulatorCount; i++)
        {
            uint* slot = (uint*)(registers + Operands->Accumulators[i]);
            if (!Vector512.EqualsAll(Vector512.Load(slot), poison)
                || !Vector512.EqualsAll(Vector512.Load(slot + 16), poison))
            {
                return false;
            }
            Buffer.MemoryCopy(Accumulators!.Pointer + (i * RegisterBytes), slot, RegisterBytes, RegisterBytes);
        }
        HoldsAccumulators = false;
        return true;
    }

    public void TakeFragments(byte* registers)
    {
        for (int i = 0; i < 4; i++)
        {
            Buffer.MemoryCopy(registers + Operands->A[i], Fragments.Pointer + (i * RegisterBytes), RegisterBytes,
                RegisterBytes);
        }
    }

    public bool HasSameFragments(byte* registers)
    {
        for (int i = 0; i < 4; i++)
        {
            ReadOnlySpan<byte> now = new(registers + Operands->A[i], RegisterBytes);
            if (!now.SequenceEqual(new ReadOnlySpan<byte>(Fragments.Pointer + (i * RegisterBytes), RegisterBytes)))
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>
/// The wgmma of one warp that have not been waited for. Early products are computed at the issue, late ones at
/// the wait; until then the accumulator registers hold a NaN, so that whoever touches them is seen.
/// </summary>
internal sealed unsafe class WgmmaQueue
{
    /// <summary>A NaN, read as one binary32 or two binary16.</summary>
    public const uint Poison = 0x7FBD_7FBD;

    private readonly List<WgmmaEntry> _entries = [];
    private readonly Stack<WgmmaEntry> _free = [];
    private int _groups;
    private uint _tag;

    public void Clear()
    {
        foreach (WgmmaEntry entry in _entries)
        {
            _free.Push(entry);
        }
        _entries.Clear();
        (_groups, _tag) = (0, 0);
    }

    /// <summary>An entry for an instruction of the open group.</summary>
    public WgmmaEntry Add(Warp w, Op* op)
    {
        if (_tag == 0)
        {
            _tag = w.Clock.Fork(ActorKind.Matrix);
        }
        if (!_free.TryPop(out WgmmaEntry? entry))
        {
            entry = new WgmmaEntry();
        }
        entry.Op = op;
        (entry.Tag, entry.Group, entry.HoldsAccumulators) = (_tag, 0, false);
        _entries.Add(entry);
        return entry;
    }

    /// <summary>True when an earlier product still works on the same accumulators.</summary>
    public bool IsChained(WgmmaEntry entry)
    {
        WgmmaEntry? first = _entries.Find(e => SameAccumulators(e, entry));
        return first is not null && first != entry;
    }

    public void Commit()
    {
        _groups++;
        _tag = 0;
        for (int i = _entries.Count - 1; i >= 0 && _entries[i].Group == 0; i--)
        {
            _entries[i].Group = _groups;
        }
    }

    /// <summary>Ends all groups but the newest ones.</summary>
    public void Wait(Warp w, int newest)
    {
        int done = 0;
        while (done < _entries.Count && _entries[done].Group != 0 && _entries[done].Group <= _groups - newest)
        {
            Retire(w, done);
            done++;
        }
        for (int i = 0; i < done; i++)
        {
            _free.Push(_entries[i]);
        }
        _entries.RemoveRange(0, done);
    }

    /// <summary>The warp ends: nothing may be in flight.</summary>
    public void CheckEnd(Warp w)
    {
        if (_entries.Count > 0)
        {
            Faults.Raise(w, _entries[0].Op, EmulatorFaultKind.AsyncCopyNotWaited, uint.MaxValue, null,
                "the warp ends while this product has not been waited for");
        }
    }

    private void Retire(Warp w, int index)
    {
        WgmmaEntry entry = _entries[index];
        w.Clock.Retire(entry.Tag);
        if ((entry.Operands->Flags & WgmmaOperands.RegisterA) != 0 && !entry.HasSameFragments(w.Regs))
        {
            Faults.Raise(w, entry.Op, EmulatorFaultKind.WgmmaInFlight, w.Active, null,
                "a register of A of this product was changed before the product had been waited for");
        }
        if (!entry.HoldsAccumulators)
        {
            return;
        }
        if (!entry.TryReturnAccumulators(w.Regs))
        {
            Faults.Raise(w, entry.Op, EmulatorFaultKind.WgmmaInFlight, w.Active, null,
                "an accumulator of this product was changed before the product had been waited for");
        }
        WgmmaHandlers.Compute(w, entry);
        WgmmaEntry? next = null;
        for (int i = index + 1; i < _entries.Count && next is null; i++)
        {
            next = SameAccumulators(_entries[i], entry) ? _entries[i] : null;
        }
        next?.TakeAccumulators(w.Regs);
    }

    private static bool SameAccumulators(WgmmaEntry a, WgmmaEntry b) =>
        a.Operands->Accumulators[0] == b.Operands->Accumulators[0];
}
