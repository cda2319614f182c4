using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>
/// The actors of a block, their clocks, and all vectors that hold bounds of them. Actors are numbered by
/// kind, then warp: the first three kinds read shared memory, so that the readers of a row are a dense array.
/// Clocks go on from one block to the next, so that stale entries of the shadow are always ordered.
/// </summary>
internal sealed unsafe class CtaClocks
{
    private const int Actors = 256;
    private const int KindsPerWarp = 4;

    private readonly NativeBuffer _buffer = new(Actors * sizeof(uint));
    private readonly List<EventVector> _vectors = [];
    private uint _latest = 1;
    private uint _limit;

    /// <summary>Number of warps, rounded up to the width of a vector.</summary>
    public int WarpStride { get; private set; } = 4;

    /// <summary>Number of actors to be looked at when vectors are joined; a multiple of 16.</summary>
    public int ActorEnd { get; private set; } = 16;

    /// <summary>True when races are looked for.</summary>
    public bool IsOn { get; private set; }

    private uint* Clocks => (uint*)_buffer.Pointer;

    /// <summary>A vector for a barrier, an operation or a flag of this block. Keep and reuse it: the block
    /// never forgets it.</summary>
    public EventVector NewVector()
    {
        EventVector vector = new(this);
        _vectors.Add(vector);
        return vector;
    }

    public int Actor(ActorKind kind, int warp) => ((int)kind * WarpStride) + warp;

    public ActorKind KindOf(int actor) =>
        actor >= EventTag.FirstOperation ? ActorKind.Operation : (ActorKind)(actor / WarpStride);

    /// <summary>The warp an actor is or works for; -1 when it is a single operation.</summary>
    public int WarpOf(int actor) => actor >= EventTag.FirstOperation ? -1 : actor % WarpStride;

    /// <summary>Starts a block: nothing is ordered yet, and everything of earlier blocks is.</summary>
    public void Start(Cta cta, EmulatorOptions options)
    {
        EmulatorChecks checks = options.Checks;
        _limit = options.ClockLimit;
        IsOn = options.StrictWarp
            || (checks & (EmulatorChecks.SharedRaces | EmulatorChecks.GlobalRaces)) != 0;
        WarpStride = (cta.WarpCount + 3) & ~3;
        ActorEnd = ((WarpStride * KindsPerWarp) + 15) & ~15;
        if (_latest >= _limit / 2)
        {
            cta.Shadow.ForgetReaders();
            _latest = 1;
        }
        _latest++;
        new Span<uint>(Clocks, Actors).Fill(_latest);
        new Span<uint>(Clocks, Actors)[EventTag.FirstOperation..].Fill(_latest - 1);
        uint before = EventTag.Bound(EventTag.Of(_latest - 1, 0));
        foreach (EventVector vector in _vectors)
        {
            vector.Clear();
        }
        for (int i = 0; i < cta.WarpCount; i++)
        {
            EventVector known = cta.Warps[i].Clock.Known;
            new Span<uint>(known.Bounds, Actors).Fill(IsOn ? before : EventTag.Always);
            new Span<uint>(known.Fenced, Actors).Fill(EventTag.Always);
            new Span<uint>(known.Fenced + Actor(ActorKind.Warp, 0), WarpStride).Fill(before);
            new Span<uint>(known.Fenced + Actor(ActorKind.Copy, 0), WarpStride).Fill(before);
            known.Bounds[EventTag.SplitActor] = 0;
            known.Bounds[EventTag.MbarrierActor] = 0;
            known.Bounds[EventTag.UnwrittenActor] =
                (checks & EmulatorChecks.SharedInitialization) != 0 ? 0 : EventTag.Always;
            cta.Warps[i].Clock.Start(EventTag.Of(_latest, i));
        }
    }

    /// <summary>Sets the clock of an actor forward; returns the tag of what it does from now on.</summary>
    public uint Advance(Cta cta, int actor)
    {
        uint clock = ++Clocks[actor];
        if (clock > _limit)
        {
            SetBack(cta);
            clock = Clocks[actor];
        }
        _latest = Math.Max(_latest, clock);
        return EventTag.Of(clock, actor);
    }

    /// <summary>
    /// An actor for one operation: one whose earlier operation is known to the issuer to have ended. When
    /// more than a hundred are in flight, -1.
    /// </summary>
    public int FreeOperation(EventVector known)
    {
        for (int actor = EventTag.FirstOperation; actor < EventTag.MbarrierActor; actor++)
        {
            if (EventTag.Of(Clocks[actor], actor) <= known.Bounds[actor])
            {
                ActorEnd = Math.Max(ActorEnd, (actor + 16) & ~15);
                return actor;
            }
        }
        return -1;
    }

    /// <summary>
    /// Lowers all clocks by half of the limit when one has reached it. Events that far back count as ordered
    /// for everybody from then on.
    /// </summary>
    private void SetBack(Cta cta)
    {
        uint clocks = _limit / 2;
        uint tags = clocks << EventTag.ClockShift;
        for (int i = 0; i < Actors; i++)
        {
            Clocks[i] = Clocks[i] > clocks ? Clocks[i] - clocks : 1;
        }
        foreach (EventVector vector in _vectors)
        {
            Lower(new Span<uint>(vector.Bounds, 2 * Actors), tags);
        }
        cta.Shadow.Lower(tags);
        for (int i = 0; i < cta.WarpCount; i++)
        {
            WarpClock clock = cta.Warps[i].Clock;
            Lower(MemoryMarshal.CreateSpan(ref clock.Tag, 1), tags);
        }
        _latest = Math.Max(1, _latest - clocks);
        if (cta.Worker.GlobalShadow is GlobalShadow shadow)
        {
            cta.Serial = shadow.Renew(cta.Serial);
        }
    }

    /// <summary>Lowers tags or bounds, keeping their low bits and the ends of the scale.</summary>
    public static void Lower(Span<uint> tags, uint by)
    {
        foreach (ref uint tag in tags)
        {
            if (tag is not (0 or EventTag.Always))
            {
                uint low = tag & EventTag.LowBits;
                tag = tag - low > by ? tag - by : (1u << EventTag.ClockShift) | low;
            }
        }
    }
}
