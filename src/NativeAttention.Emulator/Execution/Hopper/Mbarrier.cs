using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>
/// One mbarrier object: arrivals and announced bytes of the current phase. A phase completes when no arrival
/// is pending and as many bytes have come as were announced; bytes may come before they are announced. The
/// methods return null, or what is wrong with the call.
/// </summary>
internal sealed unsafe class Mbarrier(CtaClocks clocks)
{
    /// <summary>Largest count of arrivals, and largest number of bytes outstanding in either
    /// direction.</summary>
    public const int Maximum = (1 << 20) - 1;

    /// <summary>Shared address of the eight bytes.</summary>
    public uint Address { get; private set; }

    /// <summary>Warp that initialised it.</summary>
    public int Owner { get; private set; }

    /// <summary>Arrivals a phase needs.</summary>
    public int Expected { get; private set; }

    /// <summary>Arrivals missing in the current phase.</summary>
    public int Pending { get; private set; }

    /// <summary>Bytes announced that have not come; negative when they came first.</summary>
    public int Bytes { get; private set; }

    /// <summary>Number of completed phases, which is also the number of the current one.</summary>
    public long Phase { get; private set; }

    /// <summary>Warps that sleep until the current phase completes.</summary>
    public uint Sleepers { get; set; }

    /// <summary>True once the initialisation has been made visible to asynchronous copies.</summary>
    public bool IsFenced { get; set; }

    /// <summary>What the initialising warp knew.</summary>
    public EventVector Initialized { get; } = clocks.NewVector();

    /// <summary>What the arrivals of the current phase know, copies among them.</summary>
    public EventVector Arriving { get; private set; } = clocks.NewVector();

    /// <summary>The same of the last completed phase, and of the one before.</summary>
    public EventVector Completed { get; private set; } = clocks.NewVector();

    public EventVector CompletedBefore { get; private set; } = clocks.NewVector();

    /// <summary>What an arrival returns: the phase it belongs to and the arrivals that were
    /// missing.</summary>
    public ulong State => ((ulong)Phase << 20) | (uint)Pending;

    public static long PhaseOf(ulong state) => (long)(state >> 20);

    public static int PendingOf(ulong state) => (int)(state & Maximum);

    /// <summary>Begins a new life.</summary>
    public void Start(uint address, int count, int owner)
    {
        (Address, Owner, Expected, Pending) = (address, owner, count, count);
        (Bytes, Phase, Sleepers, IsFenced) = (0, 0, 0, false);
        Initialized.Clear();
        Arriving.Clear();
        Completed.Clear();
        CompletedBefore.Clear();
    }

    public string? ExpectBytes(long bytes)
    {
        long sum = Bytes + bytes;
        if (bytes is < 0 or > Maximum || sum > Maximum)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"{bytes:N0} bytes are announced to {this}; at most {Maximum:N0} may be outstanding");
        }
        Bytes = (int)sum;
        return null;
    }

    public string? CompleteBytes(long bytes)
    {
        long rest = Bytes - bytes;
        if (bytes is < 0 or > Maximum || rest < -Maximum)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"{bytes:N0} bytes arrive at {this}; at most {Maximum:N0} may come unannounced");
        }
        Bytes = (int)rest;
        CompleteIfDone();
        return null;
    }

    /// <summary>Lets <paramref name="arrivals"/> arrive; with <paramref name="drops"/> the later phases need
    /// that many fewer.</summary>
    public string? Arrive(long arrivals, bool drops, bool mayComplete)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (arrivals is < 1 or > Maximum)
        {
            return string.Create(culture, $"a count of {arrivals} arrivals; 1 to {Maximum:N0} are allowed");
        }
        if (arrivals > Pending)
        {
            return string.Create(culture, $"{arrivals} arrivals are too many for {this}");
        }
        if (!mayComplete && arrivals == Pending)
        {
            return string.Create(culture, $"an arrival with .noComplete would complete {this}");
        }
        Pending -= (int)arrivals;
        Expected -= drops ? (int)arrivals : 0;
        CompleteIfDone();
        return null;
    }

    /// <summary>Lets one more arrival be missing in the current phase.</summary>
    public string? IncrementPending()
    {
        if (Pending == Maximum)
        {
            return $"no further arrival can be pending at {this}";
        }
        Pending++;
        return null;
    }

    public override string ToString()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string bytes = Bytes == 0 ? "all announced bytes have come"
            : Bytes > 0 ? string.Create(culture, $"{Bytes:N0} announced bytes have not come")
            : string.Create(culture, $"{-(long)Bytes:N0} bytes more than announced have come");
        return string.Create(culture,
            $"the mbarrier at 0x{Address:x} (phase {Phase}, {Pending} of {Expected} arrivals missing, {bytes})");
    }

    private void CompleteIfDone()
    {
        if (Pending == 0 && Bytes == 0)
        {
            Phase++;
            Pending = Expected;
            (Arriving, Completed, CompletedBefore) = (CompletedBefore, Arriving, Completed);
            Arriving.Clear();
        }
    }
}
