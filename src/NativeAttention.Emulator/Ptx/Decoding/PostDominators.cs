namespace NativeAttention.Emulation;

/// <summary>
/// Immediate post-dominators, by the iterative algorithm of Cooper, Harvey and Kennedy ("A Simple, Fast
/// Dominance Algorithm", 2001) on the reversed flow graph with one virtual exit.
/// </summary>
internal static class PostDominators
{
    /// <summary>For each block the block where all its paths to the exit meet first; -1 when that is the exit
    /// itself.</summary>
    public static int[] Immediate(ReadOnlySpan<(int First, int Count, int Next, int Target)> blocks)
    {
        int exit = blocks.Length;
        List<int>[] predecessors = new List<int>[exit + 1];
        for (int b = 0; b <= exit; b++)
        {
            predecessors[b] = [];
        }
        for (int b = 0; b < exit; b++)
        {
            foreach (int successor in Successors(blocks[b], exit))
            {
                predecessors[successor].Add(b);
            }
        }
        int[] order = ReversePostorder(predecessors, exit);
        int[] rank = new int[exit + 1];
        Array.Fill(rank, -1);
        for (int i = 0; i < order.Length; i++)
        {
            rank[order[i]] = i;
        }
        int[] dominator = new int[exit + 1];
        Array.Fill(dominator, -1);
        dominator[exit] = exit;
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (int b in order)
            {
                if (b == exit)
                {
                    continue;
                }
                int meet = -1;
                foreach (int successor in Successors(blocks[b], exit))
                {
                    if (rank[successor] >= 0 && dominator[successor] >= 0)
                    {
                        meet = meet < 0 ? successor : Intersect(meet, successor, dominator, rank);
                    }
                }
                changed |= dominator[b] != meet;
                dominator[b] = meet;
            }
        }
        return [.. dominator[..exit].Select(d => d == exit ? -1 : d)];
    }

    private static List<int> Successors((int First, int Count, int Next, int Target) block, int exit)
    {
        List<int> successors = [];
        if (block.Next >= 0)
        {
            successors.Add(block.Next);
        }
        if (block.Target >= 0 && block.Target != block.Next)
        {
            successors.Add(block.Target);
        }
        if (successors.Count == 0)
        {
            successors.Add(exit);
        }
        return successors;
    }

    private static int Intersect(int a, int b, int[] dominator, int[] rank)
    {
        while (a != b)
        {
            while (rank[a] > rank[b])
            {
                a = dominator[a];
            }
            while (rank[b] > rank[a])
            {
                b = dominator[b];
            }
        }
        return a;
    }

    private static int[] ReversePostorder(List<int>[] edges, int root)
    {
        List<int> postorder = [];
        bool[] seen = new bool[edges.Length];
        Stack<(int Node, int Edge)> stack = new();
        stack.Push((root, 0));
        seen[root] = true;
        while (stack.Count > 0)
        {
            (int node, int edge) = stack.Pop();
            if (edge == edges[node].Count)
            {
                postorder.Add(node);
                continue;
            }
            stack.Push((node, edge + 1));
            int next = edges[node][edge];
            if (!seen[next])
            {
                seen[next] = true;
                stack.Push((next, 0));
            }
        }
        postorder.Reverse();
        return [.. postorder];
    }
}
