using System.Globalization;
using System.Numerics;

namespace NativeAttention.Emulation;

/// <summary>
/// barrier.cluster with a cluster of one block: every thread arrives once and waits once in each phase. A
/// warp counts as arrived when its lanes have; the order of arrive and wait is checked for each lane.
/// </summary>
internal sealed unsafe class ClusterBarrier(CtaClocks clocks)
{
    /// <summary>Bits of <see cref="Op.Aux"/>.</summary>
    public const int Arrives = 1;
    public const int Aligned = 2;

    /// <summary>An arrival that orders no memory.</summary>
    public const int Relaxed = 4;

    private readonly uint[] _arrived = new uint[32];
    private readonly uint[] _entitled = new uint[32];
    private EventVector _arriving = clocks.NewVector();
    private EventVector _completed = clocks.NewVector();
    private int _warps;

    public void Start(int warps)
    {
        _warps = warps;
        Array.Clear(_arrived);
        Array.Clear(_entitled);
    }

    /// <summary>Executes barrier.cluster.arrive or .wait.</summary>
    public static void Step(Warp w, Op* op)
    {
        uint lanes = Worker.GuardedLanes(w, op);
        if (lanes != 0 && (op->Aux & Aligned) != 0 && lanes != w.Live)
        {
            MmaHandlers.RequireWholeWarp(w, op);
        }
        if (lanes != 0 && (op->Aux & Arrives) != 0)
        {
            w.Cta.Cluster.Arrive(w, op, lanes);
        }
        else if (lanes != 0 && !w.Cta.Cluster.TryWait(w, op, lanes))
        {
            w.State = WarpState.AtCluster;
            w.BarrierOp = op;
            return;
        }
        w.GoOn();
    }

    public static string Describe(Warp w)
    {
        ClusterBarrier barrier = w.Cta.Cluster;
        int missing = 0;
        for (int i = 0; i < barrier._warps; i++)
        {
            missing += BitOperations.PopCount(w.Cta.Warps[i].Live & ~barrier._arrived[i]);
        }
        return string.Create(CultureInfo.InvariantCulture,
            $"waits at the barrier of the cluster, where {missing} threads are missing");
    }

    private void Arrive(Warp w, Op* op, uint lanes)
    {
        if ((lanes & (_arrived[w.Index] | _entitled[w.Index])) != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.BarrierMisuse, lanes, null,
                "barrier.cluster.arrive once more without barrier.cluster.wait");
        }
        _arrived[w.Index] |= lanes;
        w.Worker.BarrierArrivals++;
        if ((op->Aux & Relaxed) == 0)
        {
            w.Clock.Release(_arriving);
        }
        CompleteIfAll(w.Cta);
    }

    private bool TryWait(Warp w, Op* op, uint lanes)
    {
        if ((lanes & ~(_arrived[w.Index] | _entitled[w.Index])) != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.BarrierMisuse, lanes, null,
                "barrier.cluster.wait without barrier.cluster.arrive before");
        }
        bool isOver = (lanes & ~_entitled[w.Index]) == 0;
        if (isOver)
        {
            _entitled[w.Index] &= ~lanes;
            w.Clock.Acquire(_completed);
        }
        return isOver;
    }

    /// <summary>Ends the phase when every thread that has not exited has arrived.</summary>
    public void CompleteIfAll(Cta cta)
    {
        bool any = false;
        for (int i = 0; i < _warps; i++)
        {
            Warp w = cta.Warps[i];
            any |= _arrived[i] != 0;
            if (w.State != WarpState.Exited && (w.Live & ~_arrived[i]) != 0)
            {
                return;
            }
        }
        if (!any)
        {
            return;
        }
        (_arriving, _completed) = (_completed, _arriving);
        _arriving.Clear();
        for (int i = 0; i < _warps; i++)
        {
            (_entitled[i], _arrived[i]) = (_arrived[i], 0);
            cta.Warps[i].State = cta.Warps[i].State == WarpState.AtCluster ? WarpState.Ready
                : cta.Warps[i].State;
        }
    }
}
