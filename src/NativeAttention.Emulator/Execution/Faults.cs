using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace NativeAttention.Emulation;

/// <summary>Builds the reports. Nothing here is on a hot path.</summary>
internal static unsafe class Faults
{
    /// <summary>Ends the launch with a finding about an instruction.</summary>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Raise(Warp w, Op* op, EmulatorFaultKind kind, uint lanes, ulong? address,
        string message)
    {
        throw new EmulatorFaultException(Build(w.Cta, w, op, kind, lanes, address, message));
    }

    /// <summary>Ends the launch with a finding about a whole block.</summary>
    [DoesNotReturn]
    public static void Raise(Cta cta, EmulatorFaultKind kind, string message)
    {
        throw new EmulatorFaultException(Build(cta, null, null, kind, 0, null, message));
    }

    private static EmulatorFault Build(
        Cta cta, Warp? w, Op* op, EmulatorFaultKind kind, uint lanes, ulong? address, string message)
    {
        PtxProgram program = cta.Worker.Program;
        (int line, string statement) = op is null ? (0, "") : program.Statement(op->Statement);
        return new EmulatorFault
        {
            Kind = kind,
            Message = message,
            Module = program.Module,
            Kernel = program.Kernel,
            Line = line,
            Statement = statement,
            Block = ((int)cta.X, (int)cta.Y, (int)cta.Z),
            Warp = w?.Index ?? -1,
            Lanes = lanes,
            Address = address,
            WarpStates = [.. cta.Warps.Take(cta.WarpCount).Select(other =>
                DescribeWarp(program, other, other == w ? op : null))],
        };
    }

    /// <summary>Where a warp is and what it waits for; <paramref name="fault"/> is the instruction that it has failed
    /// at.</summary>
    private static string DescribeWarp(PtxProgram program, Warp w, Op* fault)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (w.State == WarpState.Exited)
        {
            return string.Create(culture, $"warp {w.Index}: exited");
        }
        Op* op = w.State is WarpState.Ready ? program.FirstOp(w.Pc) : w.BarrierOp;
        int line = program.Statement(op->Statement).Line;
        string lanes =
            string.Create(culture,
                $"{BitOperations.PopCount(w.Active)} of {BitOperations.PopCount(w.Live)} live lanes");
        if (fault is not null && w.State == WarpState.Ready)
        {
            return string.Create(culture,
                $"warp {w.Index}: at line {program.Statement(fault->Statement).Line}, {lanes}");
        }
        if (w.State != WarpState.Ready && w.State != WarpState.AtBarrier)
        {
            return string.Create(culture, $"warp {w.Index}: {SleepingWarps.Describe(w)}, line {line}");
        }
        return w.State == WarpState.AtBarrier
            ? string.Create(culture, $"warp {w.Index}: waits at barrier {w.Barrier}, line {line}")
            : string.Create(culture, $"warp {w.Index}: in the basic block at line {line}, {lanes}");
    }
}
