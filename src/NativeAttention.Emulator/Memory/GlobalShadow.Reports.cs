using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>The findings of the shadow of global memory, in words.</summary>
internal sealed unsafe partial class GlobalShadow
{
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Report(Warp w, Op* op, in RowRun run, int index, ulong other, string verb, string otherVerb)
    {
        ulong address = AddressOf(run, index);
        Faults.Raise(w, op, EmulatorFaultKind.GlobalRace, run.Lanes, address, string.Create(
            CultureInfo.InvariantCulture,
            $"global memory at 0x{address:x} is {verb} here and was {otherVerb} by {Doer(w, other)}, and nothing orders the two"));
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReportNonCoherent(Warp w, Op* op, in RowRun run, int index, ulong writer)
    {
        ulong address = AddressOf(run, index);
        Faults.Raise(w, op, EmulatorFaultKind.NonCoherentRead, run.Lanes, address, string.Create(
            CultureInfo.InvariantCulture,
            $"global memory at 0x{address:x} is read by .nc, and {Doer(w, writer)} has written it in this launch"));
    }

    private ulong AddressOf(in RowRun run, int index) =>
        arenaStart + (run.Row * RowRun.RowBytes) + (ulong)index;

    private static string Doer(Warp w, ulong stamp)
    {
        CtaClocks clocks = w.Cta.Clocks;
        int actor = EventTag.Actor((uint)stamp);
        LaunchState launch = w.Worker.Launch;
        uint linear = (uint)(stamp >> 32) - launch.FirstSerial;
        if (linear >= launch.BlockCount)
        {
            return "another block";
        }
        (uint x, uint y) = (linear % launch.Grid.X, linear / launch.Grid.X % launch.Grid.Y);
        uint z = linear / launch.Grid.X / launch.Grid.Y;
        string access = (stamp & EventTag.Strong) != 0 ? "an atomic or strong access of " : "";
        string who = clocks.KindOf(actor) == ActorKind.Operation ? "a bulk copy" : $"warp {clocks.WarpOf(actor)}";
        return string.Create(CultureInfo.InvariantCulture, $"{access}{who} of block ({x}, {y}, {z})");
    }
}
