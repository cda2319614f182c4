using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>What is known of 16 bytes of global memory, or of one byte of a split row. Stamps below the first
/// of the launch are as good as none.</summary>
internal struct GlobalRow
{
    private const ulong ActorBits = 0xFFFF_FFFF_0000_0000 | EventTag.ActorMask;

    /// <summary>Stamp of the last write, or <see cref="GlobalShadow"/>'s mark of a split row.</summary>
    public ulong Writer;

    /// <summary>Stamps of the last reads of two actors since then.</summary>
    public ulong Reader;
    public ulong SecondReader;

    /// <summary>Index of the bytes of a split row.</summary>
    public int Split;

    public readonly bool HasReader(ulong stamp) => Reader == stamp || SecondReader == stamp;

    /// <summary>True when two other actors have read in this launch, so that a read changes
    /// nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool HasEnoughReaders(ulong stamp, ulong first)
    {
        return SecondReader >= first && ((Reader ^ stamp) & ActorBits) != 0
            && ((SecondReader ^ stamp) & ActorBits) != 0;
    }

    /// <summary>Records a read, unless two other actors have already read in this launch.</summary>
    public void AddReader(ulong stamp, ulong first)
    {
        if (Reader < first || ((Reader ^ stamp) & ActorBits) == 0)
        {
            Reader = stamp;
        }
        else if (SecondReader < first || ((SecondReader ^ stamp) & ActorBits) == 0)
        {
            SecondReader = stamp;
        }
    }
}
