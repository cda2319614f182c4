namespace NativeAttention;

/// <summary>
/// The key tiles of one query tile in ascending order, whether the schedule derives them from its band or
/// lists them: a kernel has one loop for both.
/// </summary>
internal ref struct KeyTileWalk
{
    private readonly KeyTileRange range;
    private readonly ReadOnlySpan<KeyTileVisit> list;
    private readonly bool listed;
    private readonly int end;
    private int next;

    /// <summary>Walks a range.</summary>
    public KeyTileWalk(KeyTileRange range)
    {
        this.range = range;
        next = range.Begin;
        end = range.End;
    }

    /// <summary>Walks a list.</summary>
    public KeyTileWalk(ReadOnlySpan<KeyTileVisit> list)
    {
        this.list = list;
        listed = true;
        end = list.Length;
    }

    /// <summary>Whether nothing is left to visit.</summary>
    public readonly bool IsDone => next >= end;

    /// <summary>Takes the next tile; only while <see cref="IsDone"/> is false.</summary>
    public KeyTileVisit Take()
    {
        int n = next++;
        return listed ? list[n] : new KeyTileVisit(n, range.IsFull(n));
    }
}
