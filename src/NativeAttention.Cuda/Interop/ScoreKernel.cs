using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>A kernel of family <c>scores</c> that is loaded, with everything that problem and request fix.</summary>
internal sealed class ScoreKernel
{
    private readonly CudaDevice _device;
    private readonly nint _function;
    private readonly uint _queryTiles;
    private readonly uint _keyTiles;
    private readonly int _elementBytes;
    private readonly long _maximaBytes;
    private readonly bool _byQueries;
    private readonly bool _byKeys;

    /// <summary>Loads the kernel for a problem; the caller holds the device open.</summary>
    public ScoreKernel(CudaDevice device, AttentionProblem problem, ScoreRequest request)
    {
        AttentionShape s = problem.Shape;
        _device = device;
        Entry = OperationKernels.Find(ScorePlanner.Family, problem.ElementType, device);
        _queryTiles = (uint)ScorePlanner.Tiles(Entry, s, s.QueryLength);
        _keyTiles = (uint)ScorePlanner.Tiles(Entry, s, s.KeyLength);
        _elementBytes = ElementTypes.SizeInBytes(problem.ElementType);
        _maximaBytes = checked((long)request.BlockMaximaLength(s) * sizeof(float));
        _byKeys = request.ColumnSums;
        _byQueries = request.RowEntropy || !_byKeys;
        Template = new ScoreParams
        {
            Attention = DenseOperands.Template(problem),
            Stage = (uint)(request.Scores ?? default),
            BlockSide = request.BlockMaxima ?? 0,
        };
        _function = device.Modules.Get(Entry);
    }

    /// <summary>What the manifest says of it.</summary>
    public KernelEntry Entry { get; }

    /// <summary>The parameters with everything that is fixed: a run adds addresses.</summary>
    public ScoreParams Template { get; }

    /// <summary>
    /// Puts the launches into a stream: sums over a row need a walk over the keys, sums over a column one over
    /// the queries, and either can do the rest. Allocates nothing.
    /// </summary>
    /// <param name="p">The parameters; the flags are set here.</param>
    /// <param name="stream">The stream's handle.</param>
    public void Launch(ScoreParams p, nint stream)
    {
        p.Attention.Dense.Flags = DenseOperands.AreVectors(p.Attention.Dense, _elementBytes)
            ? (uint)DenseFlags.DenseVectorLoads : 0;
        ulong rows = p.Scores | ((ulong)p.Attention.Dense.KeyLength * (ulong)_elementBytes);
        ScoreFlags flags = rows % (2 * (ulong)_elementBytes) == 0 ? ScoreFlags.ScorePairStores : ScoreFlags.None;
        if (_maximaBytes > 0)
        {
            _device.Context.Fill(p.BlockMaxima, 0, _maximaBytes, stream);
        }

        ScoreParams byKeys = p;
        byKeys.RowEntropy = 0;
        if (_byQueries)
        {
            (byKeys.Scores, byKeys.BlockMaxima, p.ColumnSums) = (0, 0, 0);
            Launch(p, flags, _queryTiles, stream);
        }

        if (_byKeys)
        {
            Launch(byKeys, flags | ScoreFlags.ScoreByKeys, _keyTiles, stream);
        }
    }

    private unsafe void Launch(ScoreParams p, ScoreFlags flags, uint tiles, nint stream)
    {
        p.Flags = (uint)flags;
        if (tiles > 0)
        {
            _device.Context.Launch(_function, tiles, (uint)Entry.Threads, (uint)Entry.SharedBytes, stream, &p);
        }
    }
}
