using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>The findings of the shadow, in words.</summary>
internal sealed unsafe partial class SharedShadow
{
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReportRead(Warp w, Op* op, uint row, uint bytes, uint lanes, uint tag)
    {
        uint* writers = Split(row);
        uint at = AddressOf(row, bytes, out int index);
        if (writers[index] == EventTag.Unwritten)
        {
            ReportUnwritten(w, op, lanes, at);
        }
        ReportWriter(w, op, writers[index], lanes, at, $"read by {Doer(w, tag)}");
    }

    [DoesNotReturn]
    private static void ReportUnwritten(Warp w, Op* op, uint lanes, uint at)
    {
        Faults.Raise(w, op, EmulatorFaultKind.UninitializedShared, lanes, at, string.Create(
            CultureInfo.InvariantCulture, $"shared memory at 0x{at:x} is read before anything wrote it"));
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReportWrite(Warp w, Op* op, uint row, uint writes, uint reads, uint lanes, uint tag)
    {
        uint* writers = Split(row);
        string what = $"written by {Doer(w, tag)}";
        if (writes != 0)
        {
            uint at = AddressOf(row, writes, out int index);
            if (writers[index] == EventTag.Unwritten)
            {
                ReportUnwritten(w, op, lanes, at);
            }
            ReportWriter(w, op, writers[index], lanes, at, what);
        }
        ReportReaders(w, op, row, reads, lanes, what);
    }

    [DoesNotReturn]
    private void ReportWriter(Warp w, Op* op, uint writer, uint lanes, uint at, string what)
    {
        int actor = EventTag.Actor(writer);
        int warp = _clocks.WarpOf(actor);
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (writer == EventTag.Mbarrier)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MbarrierMisuse, lanes, at,
                string.Create(culture, $"shared memory at 0x{at:x} is {what} while it holds an mbarrier"));
        }
        ActorKind kind = _clocks.KindOf(actor);
        bool isInFlight = kind == ActorKind.Copy
            && (writer | EventTag.Strong) > cta.Warps[warp].Clock.Known.Bounds[actor];
        if (kind is ActorKind.Operation or ActorKind.Bulk)
        {
            Faults.Raise(w, op, EmulatorFaultKind.AsyncCopyInFlight, lanes, at, string.Create(culture,
                $"shared memory at 0x{at:x} is {what} while a bulk copy to it is in flight, or was not waited for here"));
        }
        if (isInFlight)
        {
            Faults.Raise(w, op, EmulatorFaultKind.AsyncCopyInFlight, lanes, at, string.Create(culture,
                $"shared memory at 0x{at:x} is {what} while a cp.async of warp {warp} to it is in flight"));
        }
        string writtenBy = kind == ActorKind.Copy ? "a cp.async of warp" : "warp";
        Faults.Raise(w, op, EmulatorFaultKind.SharedRace, lanes, at, string.Create(culture,
            $"shared memory at 0x{at:x} is {what} and was written by {writtenBy} {warp}, and nothing orders the two"));
    }

    [DoesNotReturn]
    private void ReportReaders(Warp w, Op* op, uint row, uint bytes, uint lanes, string what)
    {
        uint* writers = Split(row);
        uint at = AddressOf(row, bytes, out int index);
        uint* bounds = w.Clock.Known.Bounds;
        CultureInfo culture = CultureInfo.InvariantCulture;
        for (int reader = 0; reader < _stride; reader++)
        {
            ActorKind kind = _clocks.KindOf(reader);
            if (kind != ActorKind.Warp && writers[((1 + reader) * RowBytes) + index] > bounds[reader])
            {
                string by = kind == ActorKind.Matrix ? "wgmma" : "a bulk store";
                Faults.Raise(w, op, EmulatorFaultKind.AsyncSourceOverwritten, lanes, at,
                    string.Create(culture,
                    $"shared memory at 0x{at:x} is {what} while {by} of warp {_clocks.WarpOf(reader)} may still read it"));
            }
        }
        List<int> readers = [];
        for (int reader = 0; reader < _stride; reader++)
        {
            if (writers[((1 + reader) * RowBytes) + index] > bounds[reader])
            {
                readers.Add(reader);
            }
        }
        string who = readers.Count == 1 ? "warp " : "warps ";
        Faults.Raise(w, op, EmulatorFaultKind.SharedRace, lanes, at, string.Create(culture,
            $"shared memory at 0x{at:x} is {what} and was read by {who}{string.Join(", ", readers)}, and nothing orders the two"));
    }

    /// <summary>The asynchronous proxy sees generic writes only behind a proxy fence of the writer.</summary>
    private void CheckFenced(Warp w, Op* op, uint row, uint mask, int lane)
    {
        uint* fenced = w.Clock.Known.Fenced;
        uint writer = _writers[row];
        if (writer <= fenced[(byte)writer] && EventTag.Actor(writer) < EventTag.UnwrittenActor)
        {
            return;
        }
        bool isSplit = EventTag.Actor(writer) == EventTag.SplitActor;
        uint* bounds = w.Clock.Known.Bounds;
        for (uint rest = mask; rest != 0; rest &= rest - 1)
        {
            int index = BitOperations.TrailingZeroCount(rest);
            uint tag = isSplit ? Split(row)[index] : writer;
            // A write that is not ordered at all is a race, and reported as such.
            if (tag != EventTag.Unwritten && tag <= bounds[(byte)tag] && tag > fenced[(byte)tag])
            {
                uint at = (row * RowBytes) + (uint)index;
                int actor = EventTag.Actor(tag);
                string by = _clocks.KindOf(actor) == ActorKind.Copy ? "a cp.async of warp" : "warp";
                Faults.Raise(w, op, EmulatorFaultKind.MissingProxyFence, 1u << lane, at, string.Create(
                    CultureInfo.InvariantCulture,
                    $"the asynchronous proxy reads shared memory at 0x{at:x}, which {by} {_clocks.WarpOf(actor)} wrote with no fence.proxy.async after it"));
            }
        }
    }

    private string Doer(Warp w, uint tag)
    {
        return _clocks.KindOf(EventTag.Actor(tag)) switch
        {
            ActorKind.Warp => $"warp {w.Index}",
            ActorKind.Matrix => $"a wgmma of warp {w.Index}",
            ActorKind.Copy => $"a cp.async of warp {w.Index}",
            _ => $"a bulk copy of warp {w.Index}",
        };
    }

    private static uint AddressOf(uint row, uint bytes, out int index)
    {
        index = BitOperations.TrailingZeroCount(bytes);
        return (row * RowBytes) + (uint)index;
    }
}
