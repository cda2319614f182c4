using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// cp.async: A is the global and B the shared address (immediates in <see cref="Op.Imm"/> and
/// <see cref="Op.List"/>[0]), C the number of source bytes or none.
/// </summary>
internal static unsafe class AsyncCopyHandlers
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>Bit of List[1]: the shared address register holds 64-bit lanes.</summary>
    public const int WideShared = 1;

    /// <summary>Bit of List[1]: C is a predicate; where it is true nothing is read.</summary>
    public const int IgnoreSource = 2;

    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Copy(Warp w, Op* op)
    {
        ulong* sources = stackalloc ulong[32];
        ulong* targets = stackalloc ulong[32];
        int bytes = Access.Bytes(op->Aux);
        uint lanes = w.Active;
        LaneMemory.Addresses(w, op, sources);
        SharedAddresses(w, op, targets);
        SharedHandlers.CheckBounds(w, op, targets, bytes, bytes, lanes);
        AsyncCopy* copy = w.Copies.Issue(w, op, lanes, bytes);
        uint reading = SourceSizes(w, op, copy, bytes, lanes);
        CheckSources(w, op, copy, sources, bytes, reading);
        bool isLate = w.Worker.CopiesAreLate;
        if (bytes == 16)
        {
            w.Cta.Shadow.WriteRows(w, op, targets, lanes, copy->Tag);
        }
        else
        {
            // Lane by lane: two lanes that write the same bytes conflict.
            WriteByLane(w, op, targets, bytes, lanes, copy->Tag);
        }
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint target = (uint)targets[lane];
            copy->Destination[lane] = target;
            copy->Source[lane] = sources[lane];
            if (isLate)
            {
                Unsafe.InitBlockUnaligned(w.Shared + target, SharedLayout.Poison, (uint)bytes);
            }
            else
            {
                Move(w, target, sources[lane], copy->SourceBytes[lane], bytes);
            }
        }
        w.Worker.SharedBytesWritten += (long)bytes * BitOperations.PopCount(lanes);
    }

    /// <summary>Makes the bytes of some lanes' copies arrive, where they have not at once.</summary>
    [MethodImpl(Hot)]
    public static void Arrive(Warp w, AsyncCopy* copy, uint lanes)
    {
        w.Worker.Panels.Changes++;
        for (uint rest = w.Worker.CopiesAreLate ? lanes : 0; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            Move(w, copy->Destination[lane], copy->Source[lane], copy->SourceBytes[lane], copy->Bytes);
        }
    }

    /// <summary>Makes the copies of some lanes writes of the warp, when other lanes of their group have not
    /// waited.</summary>
    public static void Land(Warp w, AsyncCopy* copy, uint lanes)
    {
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            w.Cta.Shadow.Land(w, copy->Destination[lane], copy->Bytes, copy->Tag);
        }
    }

    public static void Commit(Warp w, Op* op) => w.Copies.Commit(w.Active);

    /// <summary>Imm: number of newest groups that may stay in flight.</summary>
    public static void WaitGroup(Warp w, Op* op) => w.Copies.Wait(w, w.Active, (int)op->Imm);

    public static void WaitAll(Warp w, Op* op)
    {
        w.Copies.Commit(w.Active);
        w.Copies.Wait(w, w.Active, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Move(Warp w, uint target, ulong source, int sourceBytes, int bytes)
    {
        byte* destination = w.Shared + target;
        if (sourceBytes == 16)
        {
            Vector128.Store(Vector128.Load((byte*)source), destination);
            return;
        }
        Unsafe.CopyBlockUnaligned(destination, (void*)source, (uint)sourceBytes);
        Unsafe.InitBlockUnaligned(destination + sourceBytes, 0, (uint)(bytes - sourceBytes));
    }

    private static void WriteByLane(Warp w, Op* op, ulong* targets, int bytes, uint lanes, uint tag)
    {
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            w.Cta.Shadow.Write(w, op, targets, bytes, rest & (0 - rest), tag);
        }
    }

    /// <summary>The shared address of every lane.</summary>
    internal static void SharedAddresses(Warp w, Op* op, ulong* targets)
    {
        uint offset = (uint)op->List[0];
        if (op->B == Op.None)
        {
            for (int lane = 0; lane < 32; lane++)
            {
                targets[lane] = offset;
            }
            return;
        }
        for (int lane = 0; lane < 32; lane++)
        {
            targets[lane] = (op->List[1] & WideShared) != 0
                ? ((ulong*)(w.Regs + op->B))[lane] + (ulong)(int)offset
                    : ((uint*)(w.Regs + op->B))[lane] + offset;
        }
    }

    /// <summary>Bytes that a lane reads where the instruction says so (C).</summary>
    internal static uint SourceBytes(Warp w, Op* op, int lane, int bytes)
    {
        uint* sizes = (uint*)(w.Regs + op->C);
        return (op->List[1] & IgnoreSource) == 0 ? sizes[lane] : (*sizes >> lane & 1) != 0 ? 0 : (uint)bytes;
    }

    /// <summary>Fills in the source sizes; returns the lanes that read anything.</summary>
    private static uint SourceSizes(Warp w, Op* op, AsyncCopy* copy, int bytes, uint lanes)
    {
        if (op->C == Op.None)
        {
            new Span<byte>(copy->SourceBytes, 32).Fill((byte)bytes);
            return lanes;
        }
        uint reading = 0;
        if (op->List[1] == 0 || op->List[1] == WideShared)
        {
            // Away from the borders of a tensor every lane copies all its bytes.
            Vector512<uint> all = Vector512.Create((uint)bytes);
            uint* sizes = (uint*)(w.Regs + op->C);
            if (lanes == Lanes.All && Vector512.EqualsAll(Vector512.Load(sizes), all)
                && Vector512.EqualsAll(Vector512.Load(sizes + 16), all))
            {
                new Span<byte>(copy->SourceBytes, 32).Fill((byte)bytes);
                return lanes;
            }
        }
        for (uint rest = lanes; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            uint size = SourceBytes(w, op, lane, bytes);
            if (size > bytes)
            {
                Faults.Raise(w, op, EmulatorFaultKind.AsyncCopyMisuse, 1u << lane, null, string.Create(
                    CultureInfo.InvariantCulture,
                    $"lane {lane} copies {size} source bytes of a copy of {bytes}"));
            }
            copy->SourceBytes[lane] = (byte)size;
            reading |= size > 0 ? 1u << lane : 0;
        }
        return reading;
    }

    /// <summary>Source addresses must be aligned to the copy size; only the bytes that are read have to
    /// exist.</summary>
    private static void CheckSources(Warp w, Op* op, AsyncCopy* copy, ulong* sources, int bytes, uint reading)
    {
        Vector256<byte> wanted = Vector256.Create((byte)bytes);
        if (reading == Lanes.All && Vector256.EqualsAll(Vector256.Load(copy->SourceBytes), wanted))
        {
            w.Worker.GlobalBytesRead += 32 * bytes;
            CheckSource(w, op, copy, sources, bytes, reading);
            return;
        }
        uint whole = 0;
        for (uint rest = reading; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            w.Worker.GlobalBytesRead += copy->SourceBytes[lane];
            if (copy->SourceBytes[lane] == bytes)
            {
                whole |= 1u << lane;
            }
            else
            {
                CheckSource(w, op, copy, sources, copy->SourceBytes[lane], 1u << lane);
            }
        }
        if (whole != 0)
        {
            CheckSource(w, op, copy, sources, bytes, whole);
        }
    }

    private static void CheckSource(Warp w, Op* op, AsyncCopy* copy, ulong* sources, int bytes, uint lanes)
    {
        GlobalHandlers.CheckRead(w, op, sources, bytes, lanes);
        w.Worker.GlobalShadow?.Read(w, op, sources, bytes, lanes, copy->Tag);
    }
}
