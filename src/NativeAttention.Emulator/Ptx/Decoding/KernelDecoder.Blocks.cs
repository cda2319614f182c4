using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>Basic blocks, post-dominators, and the finished program.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private PtxProgram Build(string module, string text)
    {
        List<(int First, int Count, int Next, int Target)> flow = FindBlocks();
        PlantHazards(CollectionsMarshal.AsSpan(flow));
        int[] joins = PostDominators.Immediate(CollectionsMarshal.AsSpan(flow));
        BasicBlock[] blocks = new BasicBlock[flow.Count];
        for (int b = 0; b < blocks.Length; b++)
        {
            (int first, int count, int next, int target) = flow[b];
            int last = first + count - 1;
            BlockEnd end = _ends[last];
            blocks[b] = new BasicBlock
            {
                First = (Op*)(nint)first,
                End = (Op*)(nint)(end == BlockEnd.FallThrough ? last + 1 : last),
                Kind = end,
                Next = Math.Min(b + 1, flow.Count - 1),
                Target = target,
                Join = joins[b],
                Count = count,
                IsBackward = target >= 0 && target <= b ? 1 : 0,
            };
        }
        (List<(int Register, int Op)> undefined, int pressure) =
            _use.Analyze(CollectionsMarshal.AsSpan(flow), _types);
        return new PtxProgram(
            module, _kernel.Name, text, [.. _statements], CollectionsMarshal.AsSpan(_ops), blocks,
            CollectionsMarshal.AsSpan(_lists))
        {
            RegisterBytes = (_slotEnd + 127) & ~127,
            Constants = [.. _constants.Select(c => (c.Value, c.Key.Bits, c.Key.IsWide))],
            SpecialRegisters = [.. _specials.Select(s => (s.Value, s.Key.Item1, s.Key.IsWide))],
            Undefined =
                [.. undefined.Select(u => (_slots[u.Register],
                    _types[u.Register] == PtxType.Pred ? 4 : _types[u.Register].Bytes() == 8 ? 256 : 128))],
            UndefinedReads = [.. undefined.Select(u => (_ops[u.Op].Statement, _names[u.Register]))],
            RegisterEstimate = pressure,
            CacheCount = _caches,
            HasAsyncReaders = _hasAsyncReaders,
            Opcodes = [.. _opcodes],
            MatrixFlops = [.. _flops],
        };
    }

    /// <summary>Replaces instructions that touch registers of wgmma at the wrong time by their report, so
    /// that it is made when one is executed.</summary>
    private void PlantHazards(ReadOnlySpan<(int First, int Count, int Next, int Target)> flow)
    {
        foreach ((int index, bool isProduct) in _hazards.Find(flow, _use))
        {
            Op op = _ops[index];
            delegate*<Warp, Op*, void> report =
                isProduct ? &WgmmaHandlers.MissingFence : &WgmmaHandlers.TouchesInFlight;
            if (op.Guard != Op.None && _ends[index] == BlockEnd.FallThrough)
            {
                op.Inner = report;
            }
            else
            {
                op.Handler = report;
            }
            _ops[index] = op;
        }
    }

    /// <summary>Cuts the ops at branch targets and after terminators. Successors are block numbers, -1 for
    /// none.</summary>
    private List<(int First, int Count, int Next, int Target)> FindBlocks()
    {
        bool[] leads = new bool[_ops.Count + 1];
        leads[0] = true;
        for (int i = 0; i < _ops.Count; i++)
        {
            if (_ends[i] != BlockEnd.FallThrough)
            {
                leads[i + 1] = true;
            }
            // A wait is executed again after a sleep, so it must not have other instructions before it.
            leads[i] |= _ends[i] == BlockEnd.Wait;
            if (_targets[i] >= 0)
            {
                leads[_targets[i]] = true;
            }
        }
        int[] blockOf = new int[_ops.Count];
        int block = -1;
        for (int i = 0; i < _ops.Count; i++)
        {
            block += leads[i] ? 1 : 0;
            blockOf[i] = block;
        }
        List<(int First, int Count, int Next, int Target)> flow = [];
        for (int first = 0; first < _ops.Count;)
        {
            int end = first + 1;
            while (end < _ops.Count && !leads[end])
            {
                end++;
            }
            int last = end - 1;
            bool isFinal = _ends[last] == BlockEnd.Jump
                || (_ends[last] == BlockEnd.Exit && _ops[last].Guard == Op.None);
            int next = isFinal || end >= _ops.Count ? -1 : blockOf[end];
            flow.Add((first, end - first, next, _targets[last] >= 0 ? blockOf[_targets[last]] : -1));
            first = end;
        }
        return flow;
    }
}
