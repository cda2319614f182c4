using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>Which registers every op reads and writes, and what follows from it: live ranges.</summary>
internal sealed class RegisterUse
{
    private readonly List<int> _registers = [];
    private readonly List<(int Reads, int Writes, int End, bool Guarded)> _ops = [];
    private readonly List<int> _reads = [];
    private readonly List<int> _writes = [];

    /// <summary>The current op may leave its destinations alone.</summary>
    public bool IsGuarded { get; set; }

    public void BeginOp()
    {
        _reads.Clear();
        _writes.Clear();
        IsGuarded = false;
    }

    public void Read(int register) => _reads.Add(register);

    public void Write(int register) => _writes.Add(register);

    public void EndOp()
    {
        int first = _registers.Count;
        _registers.AddRange(_reads);
        int writes = _registers.Count;
        _registers.AddRange(_writes);
        _ops.Add((first, writes, _registers.Count, IsGuarded));
    }

    /// <summary>The registers an op reads and writes.</summary>
    public ReadOnlySpan<int> Of(int op) =>
        CollectionsMarshal.AsSpan(_registers)[_ops[op].Reads.._ops[op].End];

    /// <summary>The registers an op writes.</summary>
    public ReadOnlySpan<int> WritesOf(int op) =>
        CollectionsMarshal.AsSpan(_registers)[_ops[op].Writes.._ops[op].End];

    /// <summary>
    /// Backward data flow over the blocks. Returns the registers that are live at the entry (read before any
    /// write on some path), each with the first op that does so, and the most 32-bit registers that are live
    /// at one point.
    /// </summary>
    public (List<(int Register, int Op)> LiveAtEntry,
        int Pressure) Analyze(ReadOnlySpan<(int First, int Count, int Next, int Target)> blocks,
        PtxType[] types)
    {
        int words = (types.Length + 63) / 64;
        ulong[][] liveIn = new ulong[blocks.Length][];
        for (int b = 0; b < blocks.Length; b++)
        {
            liveIn[b] = new ulong[words];
        }
        ulong[] live = new ulong[words];
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int b = blocks.Length - 1; b >= 0; b--)
            {
                LiveOut(blocks[b].Next, blocks[b].Target, liveIn, live);
                for (int i = blocks[b].First + blocks[b].Count - 1; i >= blocks[b].First; i--)
                {
                    Step(i, live);
                }
                if (!live.AsSpan().SequenceEqual(liveIn[b]))
                {
                    live.CopyTo(liveIn[b], 0);
                    changed = true;
                }
            }
        }
        List<(int Register, int Op)> undefined = [];
        foreach (int register in Members(liveIn[0]))
        {
            undefined.Add((register, FirstRead(register, blocks, liveIn)));
        }
        return (undefined, Pressure(blocks, types, liveIn, live));
    }

    /// <summary>The first op in the text that reads a register which may not have been written.</summary>
    private int FirstRead(int register, ReadOnlySpan<(int First, int Count, int Next, int Target)> blocks,
        ulong[][] liveIn)
    {
        for (int b = 0; b < blocks.Length; b++)
        {
            bool isLive = (liveIn[b][register >> 6] >> (register & 63) & 1) != 0;
            for (int i = blocks[b].First; isLive && i < blocks[b].First + blocks[b].Count; i++)
            {
                (int reads, int writes, int end, bool guarded) = _ops[i];
                if (_registers.IndexOf(register, reads, writes - reads) >= 0)
                {
                    return i;
                }
                isLive = guarded || _registers.IndexOf(register, writes, end - writes) < 0;
            }
        }
        return 0;
    }

    private static void LiveOut(int next, int target, ulong[][] liveIn, ulong[] live)
    {
        Array.Clear(live);
        for (int i = 0; i < live.Length; i++)
        {
            live[i] = (next >= 0 ? liveIn[next][i] : 0) | (target >= 0 ? liveIn[target][i] : 0);
        }
    }

    private void Step(int op, ulong[] live)
    {
        (int reads, int writes, int end, bool guarded) = _ops[op];
        for (int i = writes; i < end && !guarded; i++)
        {
            live[_registers[i] >> 6] &= ~(1UL << (_registers[i] & 63));
        }
        for (int i = reads; i < writes; i++)
        {
            live[_registers[i] >> 6] |= 1UL << (_registers[i] & 63);
        }
    }

    private int Pressure(
        ReadOnlySpan<(int First, int Count, int Next, int Target)> blocks, PtxType[] types, ulong[][] liveIn,
        ulong[] live)
    {
        int most = 0;
        foreach ((int first, int count, int next, int target) in blocks)
        {
            LiveOut(next, target, liveIn, live);
            int current = Members(live).Sum(r => Weight(types[r]));
            most = Math.Max(most, current);
            for (int i = first + count - 1; i >= first; i--)
            {
                current += StepPressure(i, live, types);
                most = Math.Max(most, current);
            }
        }
        return most;
    }

    private int StepPressure(int op, ulong[] live, PtxType[] types)
    {
        (int reads, int writes, int end, bool guarded) = _ops[op];
        int change = 0;
        for (int i = writes; i < end && !guarded; i++)
        {
            int r = _registers[i];
            change -= (live[r >> 6] >> (r & 63) & 1) != 0 ? Weight(types[r]) : 0;
            live[r >> 6] &= ~(1UL << (r & 63));
        }
        for (int i = reads; i < writes; i++)
        {
            int r = _registers[i];
            change += (live[r >> 6] >> (r & 63) & 1) == 0 ? Weight(types[r]) : 0;
            live[r >> 6] |= 1UL << (r & 63);
        }
        return change;
    }

    private static int Weight(PtxType type) => type == PtxType.Pred ? 0 : type.Bytes() == 8 ? 2 : 1;

    private static List<int> Members(ulong[] set)
    {
        List<int> members = [];
        for (int i = 0; i < set.Length * 64; i++)
        {
            if ((set[i >> 6] >> (i & 63) & 1) != 0)
            {
                members.Add(i);
            }
        }
        return members;
    }
}
