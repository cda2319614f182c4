namespace NativeAttention.Emulation;

/// <summary>
/// What one warp knows to be ordered before its next access, and the tag its accesses leave. Everything that
/// synchronises calls these functions; <see cref="SharedShadow"/> checks accesses against
/// <see cref="Known"/>.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>An arrival (barrier, mbarrier, release) is <see cref="Release"/> into the vector of the phase; a
/// wait that has succeeded is <see cref="Acquire"/> of it. An mbarrier has one vector for the phase under way
/// and one for the completed phase.</item>
/// <item>Asynchronous work starts with <see cref="Fork"/>, whose tag goes to the checks of its accesses.
/// Groups end with <see cref="Retire"/> of the tag; work that completes on an mbarrier collects its end in a
/// vector of its own, which joins that of the mbarrier at completion.</item>
/// </list>
/// </remarks>
internal sealed unsafe class WarpClock(Cta cta, int warp)
{
    /// <summary>Tag of the ordinary accesses of the warp.</summary>
    public uint Tag;

    private readonly CtaClocks _clocks = cta.Clocks;

    /// <summary>The events ordered before the next access of the warp, its own among them.</summary>
    public EventVector Known { get; } = cta.Clocks.NewVector();

    /// <summary>What was ordered before the last fence: a relaxed store behind it releases this. Null before
    /// the first one.</summary>
    public EventVector? Fenced { get; private set; }

    /// <summary>The same for the last fence of the scope of the device, as other blocks see it.</summary>
    public RemoteKnowledge? Published { get; private set; }

    private readonly EventVector _fenced = cta.Clocks.NewVector();

    // What relaxed loads have observed since the last fence, which acquires it; the second by loads of the
    // scope of the device, for fences of that scope.
    private readonly EventVector _observed = cta.Clocks.NewVector();
    private readonly EventVector _observedByDevice = cta.Clocks.NewVector();
    private bool _hasObserved;

    /// <summary>Takes the first tag of a block.</summary>
    public void Start(uint tag)
    {
        Tag = tag;
        (Fenced, Published, _hasObserved) = (null, null, false);
        Known.Add(tag);
    }

    /// <summary>Adds all that is ordered before this point, the warp's own accesses included, to
    /// <paramref name="into"/>.</summary>
    public void Release(EventVector into)
    {
        if (_clocks.IsOn)
        {
            into.Join(Known);
            Advance();
        }
    }

    /// <summary>Orders all that <paramref name="from"/> holds before the next access of the warp.</summary>
    public void Acquire(EventVector from)
    {
        if (_clocks.IsOn)
        {
            Known.Join(from);
        }
    }

    /// <summary>A strong load has met what <paramref name="released"/> holds: it is acquired now, or by the
    /// next fence.</summary>
    public void Observe(EventVector released, FlagOrder order)
    {
        if ((order & FlagOrder.Acquire) != 0)
        {
            Acquire(released);
            return;
        }
        _observed.Join(released);
        _hasObserved = true;
    }

    /// <summary>A strong load has met what another block has published.</summary>
    public void Observe(RemoteKnowledge published, FlagOrder order)
    {
        bool isAcquire = (order & FlagOrder.Acquire) != 0;
        EventVector into = isAcquire ? Known : _observedByDevice;
        into.Remote = RemoteKnowledge.Merge(into.Remote, published);
        into.AddBounds(published.BoundsOf(cta.Serial));
        _hasObserved |= !isAcquire;
    }

    /// <summary>All that is ordered before this point, as other blocks see it.</summary>
    public RemoteKnowledge Publish()
    {
        RemoteKnowledge published = RemoteKnowledge.Publish(cta.Serial, Known, _clocks.ActorEnd);
        Advance();
        return published;
    }

    /// <summary>A fence: acquires what relaxed loads have observed, and lets relaxed stores
    /// release.</summary>
    public void Fence(bool isDevice)
    {
        if (!_clocks.IsOn)
        {
            return;
        }
        if (_hasObserved)
        {
            AcquireObserved(isDevice);
        }
        _fenced.Clear();
        _fenced.Join(Known);
        Fenced = _fenced;
        if (isDevice)
        {
            Published = RemoteKnowledge.Publish(cta.Serial, Known, _clocks.ActorEnd);
        }
        Advance();
    }

    /// <summary>
    /// A barrier passes on what the warps that arrive have fenced, so that one of them can raise a flag for
    /// all: each waits in its fence until its own stores are visible to the device.
    /// </summary>
    public void ShareFences(RemoteKnowledge? published) =>
        Published = RemoteKnowledge.Merge(Published, published);

    private void AcquireObserved(bool isDevice)
    {
        Known.Join(_observed);
        _observed.Clear();
        if (isDevice)
        {
            Known.Join(_observedByDevice);
            _observedByDevice.Clear();
            _hasObserved = false;
        }
    }

    /// <summary>Starts a new tag: the lanes of the warp have met.</summary>
    public void Advance()
    {
        Tag = _clocks.Advance(cta, warp);
        Known.Add(Tag);
    }

    /// <summary>
    /// Starts asynchronous work and returns the tag of its accesses, which are ordered after all before this
    /// point and before nothing yet. <paramref name="end"/>, when given, collects what a wait for the work
    /// orders: the work itself and what the issuer knows now.
    /// </summary>
    public uint Fork(ActorKind kind, EventVector? end = null)
    {
        int actor = kind == ActorKind.Operation ? _clocks.FreeOperation(Known) : _clocks.Actor(kind, warp);
        if (actor < 0)
        {
            actor = _clocks.Actor(ActorKind.Bulk, warp);
        }
        uint tag = _clocks.Advance(cta, actor);
        if (end is not null && _clocks.IsOn)
        {
            Release(end);
            end.Add(tag);
        }
        return tag;
    }

    /// <summary>Orders the asynchronous work with this tag, and all earlier work of the same actor, before
    /// the next access of the warp.</summary>
    public void Retire(uint tag)
    {
        if (_clocks.IsOn)
        {
            Known.Add(tag);
        }
    }

    /// <summary>
    /// <c>fence.proxy.async</c>: what the warp has written up to here, and what its finished cp.async have,
    /// may be read by the asynchronous proxy wherever this point is known.
    /// </summary>
    public void ProxyFence()
    {
        if (!_clocks.IsOn)
        {
            return;
        }
        int copy = _clocks.Actor(ActorKind.Copy, warp);
        Known.Fenced[warp] = EventTag.Bound(Tag);
        Known.Fenced[copy] = Known.Bounds[copy];
        Advance();
    }
}
