using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>
/// What one request of a warp costs. Global memory moves sectors of 32 bytes. Shared memory has 32 banks of
/// 4 bytes: lanes that want different words of one bank take turns. Accesses of 8 and 16 bytes go by half
/// and by quarter warps, so that every pass can be 128 bytes.
/// </summary>
internal static unsafe class AccessCost
{
    private const int SectorBytes = 32;
    private const int Banks = 32;

    /// <summary>Distinct sectors that the lanes touch, and as many as their distinct bytes would fill.</summary>
    /// <param name="addresses">Address of every lane; an access does not cross a sector.</param>
    /// <param name="sizes">Bytes of every lane; 0 for none.</param>
    /// <param name="lanes">The lanes that count.</param>
    [SkipLocalsInit]
    public static (int Touched, int Minimum) Sectors(ulong* addresses, int* sizes, uint lanes)
    {
        ulong* sectors = stackalloc ulong[32];
        uint* bytes = stackalloc uint[32];
        int count = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            if (sizes[lane] == 0)
            {
                continue;
            }
            ulong sector = addresses[lane] / SectorBytes;
            int at = count - 1;
            while (at >= 0 && sectors[at] != sector)
            {
                at--;
            }
            if (at < 0)
            {
                at = count++;
                (sectors[at], bytes[at]) = (sector, 0);
            }
            bytes[at] |= ((1u << sizes[lane]) - 1) << (int)(addresses[lane] % SectorBytes);
        }
        int distinct = 0;
        for (int i = 0; i < count; i++)
        {
            distinct += BitOperations.PopCount(bytes[i]);
        }
        return (count, (distinct + SectorBytes - 1) / SectorBytes);
    }

    /// <summary>Passes over the banks, and as many as there would be without conflicts.</summary>
    /// <param name="addresses">Shared address of every lane.</param>
    /// <param name="bytes">Bytes of every lane.</param>
    /// <param name="lanes">The lanes that count.</param>
    /// <param name="sharesWords">True when lanes that want the same word are served together; false for
    /// atomics.</param>
    public static (int Passes, int Minimum) Passes(ulong* addresses, int bytes, uint lanes, bool sharesWords)
    {
        int group = bytes <= 4 ? 32 : 128 / bytes;
        uint mask = group == 32 ? uint.MaxValue : (1u << group) - 1;
        (int passes, int minimum) = (0, 0);
        for (int first = 0; first < 32; first += group)
        {
            uint members = lanes & (mask << first);
            if (members != 0)
            {
                passes += PassesOfGroup(addresses, Math.Max(1, bytes / 4), members, sharesWords);
                minimum++;
            }
        }
        return (passes, minimum);
    }

    [SkipLocalsInit]
    private static int PassesOfGroup(ulong* addresses, int words, uint lanes, bool sharesWords)
    {
        // At most 32 words in all: the distinct ones of every bank.
        uint* wanted = stackalloc uint[Banks * 32];
        int* counts = stackalloc int[Banks];
        new Span<int>(counts, Banks).Clear();
        int most = 0;
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            uint first = (uint)(addresses[BitOperations.TrailingZeroCount(rest)] / 4);
            for (uint word = first; word < first + (uint)words; word++)
            {
                int bank = (int)(word % Banks);
                Span<uint> known = new(wanted + (bank * 32), counts[bank]);
                if (!sharesWords || !known.Contains(word))
                {
                    wanted[(bank * 32) + counts[bank]++] = word;
                    most = Math.Max(most, counts[bank]);
                }
            }
        }
        return most;
    }
}
