using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>
/// The registers that the warps of a block give up and take by setmaxnreg. Nothing else depends on them; a
/// warp that wants more than are free sleeps until others give some up.
/// </summary>
internal sealed unsafe class RegisterPool
{
    private const int RegistersPerBlock = 64 << 10;
    private const int MaximumPerThread = 255;

    private readonly int[] _perThread = new int[32];
    private readonly List<(long Imm, int Kind)>[] _history = [.. Enumerable.Range(0, 8).Select(_ => new List<(long, int)>())];
    private readonly int[] _steps = new int[32];
    private int _free;

    /// <summary>Registers per thread that the bounds of a kernel give; 0 without a bound.</summary>
    public static int Bound(int? maximumThreads, int maximumRegisters)
    {
        int fromThreads = maximumThreads is int threads ? RegistersPerBlock / Math.Max(threads, 1) & ~7 : 0;
        return maximumRegisters != 0 ? maximumRegisters : Math.Min(fromThreads, MaximumPerThread);
    }

    public void Start(int perThread)
    {
        Array.Fill(_perThread, perThread);
        Array.Clear(_steps);
        Array.ForEach(_history, h => h.Clear());
        _free = 0;
    }

    /// <summary>setmaxnreg: Imm registers per thread, Aux 1 for inc.</summary>
    public static void Set(Warp w, Op* op)
    {
        uint lanes = Worker.GuardedLanes(w, op);
        if (lanes != 0)
        {
            if (lanes != w.Live)
            {
                MmaHandlers.RequireWholeWarp(w, op);
            }
            if (!w.Cta.Registers.TrySet(w, op))
            {
                w.State = WarpState.AtRegisters;
                w.BarrierOp = op;
                return;
            }
        }
        w.GoOn();
    }

    public static string Describe(Warp w)
    {
        RegisterPool pool = w.Cta.Registers;
        return string.Create(CultureInfo.InvariantCulture,
            $"waits for {w.BarrierOp->Imm - pool._perThread[w.Index]} more registers a thread while {pool._free / 32} are free");
    }

    private bool TrySet(Warp w, Op* op)
    {
        int change = (int)op->Imm - _perThread[w.Index];
        bool grows = op->Aux != 0;
        if (_perThread[w.Index] == 0)
        {
            // Without a bound on the registers of the kernel the instruction has no effect.
            return true;
        }
        if (grows != change > 0 && change != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.RegisterMisuse, w.Active, null, string.Create(
                CultureInfo.InvariantCulture,
                $"setmaxnreg.{(grows ? "inc" : "dec")} to {op->Imm} registers by a warp that has {_perThread[w.Index]}"));
        }
        if (change > 0 && change * 32 > _free)
        {
            return false;
        }
        CheckWarpgroup(w, op);
        _free -= change * 32;
        _perThread[w.Index] = (int)op->Imm;
        if (change < 0)
        {
            WakeAll(w.Cta);
        }
        return true;
    }

    /// <summary>The four warps of a warpgroup must execute the same sequence.</summary>
    private void CheckWarpgroup(Warp w, Op* op)
    {
        List<(long, int)> history = _history[w.Index / 4];
        int step = _steps[w.Index]++;
        if (step == history.Count)
        {
            history.Add((op->Imm, op->Aux));
        }
        else if (history[step] != (op->Imm, op->Aux))
        {
            Faults.Raise(w, op, EmulatorFaultKind.RegisterMisuse, w.Active, null,
                $"another warp of the warpgroup has set {history[step].Item1} registers at this point");
        }
    }

    private static void WakeAll(Cta cta)
    {
        for (int i = 0; i < cta.WarpCount; i++)
        {
            if (cta.Warps[i].State == WarpState.AtRegisters)
            {
                cta.Warps[i].State = WarpState.Ready;
            }
        }
    }
}
