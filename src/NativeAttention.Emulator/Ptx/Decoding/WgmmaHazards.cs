namespace NativeAttention.Emulation;

/// <summary>
/// Which instructions touch registers of wgmma at the wrong time, found on the text: a product whose registers
/// some other instruction has accessed since the last wgmma.fence on some way to it, and accesses to registers
/// of a product between its issue and its wait inside one basic block.
/// </summary>
internal sealed class WgmmaHazards
{
    /// <summary>Accumulators and registers of A of each product, by the index of the op.</summary>
    public Dictionary<int, (int[] Accumulators, int[] A)> Products { get; } = [];

    public HashSet<int> Fences { get; } = [];

    public HashSet<int> Commits { get; } = [];

    /// <summary>Groups that may stay in flight.</summary>
    public Dictionary<int, int> Waits { get; } = [];

    /// <summary>The ops that are wrong: true for a product without its fence, false for an access to
    /// registers in flight.</summary>
    public List<(int Op, bool IsProduct)> Find(
        ReadOnlySpan<(int First, int Count, int Next, int Target)> blocks, RegisterUse use)
    {
        List<(int Op, bool IsProduct)> found = [];
        if (Products.Count == 0)
        {
            return found;
        }
        HashSet<int> concerned = [.. Products.Values.SelectMany(p => p.Accumulators.Concat(p.A))];
        HashSet<int>?[] dirtyAt = new HashSet<int>?[blocks.Length];
        dirtyAt[0] = concerned;
        Queue<int> todo = new([0]);
        while (todo.TryDequeue(out int block))
        {
            (int first, int count, int next, int target) = blocks[block];
            HashSet<int> dirty = [.. dirtyAt[block]!];
            for (int i = first; i < first + count; i++)
            {
                Step(i, use, concerned, dirty);
            }
            Propagate(next, dirty, dirtyAt, todo);
            Propagate(target, dirty, dirtyAt, todo);
        }
        for (int b = 0; b < blocks.Length; b++)
        {
            HashSet<int> dirty = [.. dirtyAt[b] ?? []];
            for (int i = blocks[b].First; i < blocks[b].First + blocks[b].Count; i++)
            {
                if (Products.TryGetValue(i, out (int[] Accumulators, int[] A) p)
                    && (dirty.Overlaps(p.Accumulators) || dirty.Overlaps(p.A)))
                {
                    found.Add((i, true));
                }
                Step(i, use, concerned, dirty);
            }
            FindInFlight(blocks[b].First, blocks[b].Count, use, found);
        }
        return found;
    }

    private void Step(int op, RegisterUse use, HashSet<int> concerned, HashSet<int> dirty)
    {
        if (Fences.Contains(op))
        {
            dirty.Clear();
        }
        else if (!Products.ContainsKey(op))
        {
            foreach (int register in use.Of(op))
            {
                if (concerned.Contains(register))
                {
                    dirty.Add(register);
                }
            }
        }
    }

    private static void Propagate(int block, HashSet<int> dirty, HashSet<int>?[] dirtyAt, Queue<int> todo)
    {
        if (block < 0 || (dirtyAt[block] is HashSet<int> known && dirty.IsSubsetOf(known)))
        {
            return;
        }
        dirtyAt[block] = [.. dirtyAt[block] ?? [], .. dirty];
        todo.Enqueue(block);
    }

    private void FindInFlight(int first, int count, RegisterUse use, List<(int Op, bool IsProduct)> found)
    {
        List<List<int>> groups = [];
        List<int> open = [];
        for (int i = first; i < first + count; i++)
        {
            List<int> flying = [.. groups.SelectMany(g => g), .. open];
            if (Products.TryGetValue(i, out (int[] Accumulators, int[] A) product))
            {
                if (flying.Exists(p => Products[p].Accumulators.Intersect(product.A).Any()))
                {
                    found.Add((i, false));
                }
                open.Add(i);
            }
            else if (Commits.Contains(i))
            {
                groups.Add(open);
                open = [];
            }
            else if (Waits.TryGetValue(i, out int newest))
            {
                groups.RemoveRange(0, Math.Max(0, groups.Count - newest));
            }
            else if (flying.Exists(p => Touches(i, use, Products[p])))
            {
                found.Add((i, false));
            }
        }
    }

    private static bool Touches(int op, RegisterUse use, (int[] Accumulators, int[] A) product)
    {
        foreach (int register in use.Of(op))
        {
            if (product.Accumulators.Contains(register))
            {
                return true;
            }
        }
        foreach (int register in use.WritesOf(op))
        {
            if (product.A.Contains(register))
            {
                return true;
            }
        }
        return false;
    }
}
