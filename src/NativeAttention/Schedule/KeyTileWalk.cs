namespace NativeAttention;

/// <summary>
/// The key tiles of one query tile in ascending order, whether the schedule derives them from its band and
/// prefix or lists them: a kernel has one loop for both, and no tile comes twice.
/// </summary>
internal struct KeyTileWalk
{
    private readonly KeyTileRange prefix;
    private readonly KeyTileRange range;
    private readonly ArraySegment<KeyTileVisit> list;
    private readonly bool listed;
    private readonly int end;
    private int next;

    /// <summary>Walks the tiles of a prefix, from the first on, and those of a range.</summary>
    public KeyTileWalk(KeyTileRange prefix, KeyTileRange range)
    {
        this.prefix = prefix;
        this.range = range;
        next = prefix.IsEmpty ? range.Begin : 0;
        end = Math.Max(prefix.End, range.End);
    }

    /// <summary>Walks a list.</summary>
    public KeyTileWalk(ArraySegment<KeyTileVisit> list)
    {
        this.list = list;
        listed = true;
        end = list.Count;
    }

    /// <summary>Whether nothing is left to visit.</summary>
    public readonly bool IsDone => next >= end;

    /// <summary>The next tile; only while <see cref="IsDone"/> is false.</summary>
    public readonly int Next => listed ? list[next].Tile : next;

    /// <summary>Takes the next tile; only while <see cref="IsDone"/> is false.</summary>
    public KeyTileVisit Take()
    {
        int n = next++;
        if (listed)
        {
            return list[n];
        }

        if (next == prefix.End)
        {
            next = range.IsEmpty ? end : Math.Max(next, range.Begin);
        }

        return new KeyTileVisit(n, prefix.IsFull(n) || range.IsFull(n));
    }
}
