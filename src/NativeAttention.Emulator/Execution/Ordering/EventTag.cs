namespace NativeAttention.Emulation;

/// <summary>
/// A tag names the accesses of one actor at one value of its clock: clock (22 bits) | strong access (1 bit) |
/// actor (8 bits). A bound is a tag with all low bits set: an event is ordered before whoever holds the bound
/// of its actor when tag &lt;= bound.
/// </summary>
internal static class EventTag
{
    public const int ClockShift = 9;
    public const uint MaximumClock = (1u << 22) - 1;

    /// <summary>Set in tags of volatile, relaxed, acquire, release and atomic accesses, which do not race
    /// with each other.</summary>
    public const uint Strong = 1u << 8;

    public const uint ActorMask = 0xFF;
    public const uint LowBits = (1u << ClockShift) - 1;

    /// <summary>The bound that orders every event.</summary>
    public const uint Always = int.MaxValue;

    /// <summary>Actor numbers from here on belong to single operations.</summary>
    public const int FirstOperation = 128;

    /// <summary>The pretended actors of an mbarrier, of a row that nothing has written, and of one whose bytes
    /// have tags of their own. Nobody holds a bound that orders them, so hot paths need no test for
    /// them.</summary>
    public const int MbarrierActor = 0xFD;
    public const int UnwrittenActor = 0xFE;
    public const int SplitActor = 0xFF;

    /// <summary>The tag of bytes that are an mbarrier.</summary>
    public const uint Mbarrier = (1u << ClockShift) | MbarrierActor;

    /// <summary>The tag of a row that nothing has written.</summary>
    public const uint Unwritten = (1u << ClockShift) | UnwrittenActor;

    public static uint Of(uint clock, int actor) => (clock << ClockShift) | (uint)actor;

    public static uint Bound(uint tag) => tag | LowBits;

    public static int Actor(uint tag) => (int)(tag & ActorMask);
}
