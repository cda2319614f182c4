namespace NativeAttention.Emulation;

/// <summary>
/// What a kernel did, over one or more launches: instructions by class, products, memory traffic with its
/// coalescing and bank conflicts, and every PTX statement with its executions.
/// </summary>
/// <remarks>
/// Counted, not timed. Sectors are those between a multiprocessor and the second-level cache: what a cache
/// would save is not known here. Bank conflicts follow the documented rule of 32 banks of 4 bytes; accesses of
/// 8 and 16 bytes are taken by half and quarter warps.
/// </remarks>
public sealed class KernelProfile
{
    private readonly PtxProgram _program;
    private readonly long[] _executions;
    private readonly AccessCounts[] _accesses;

    internal KernelProfile(PtxKernel kernel)
    {
        _program = kernel.Program;
        _executions = new long[_program.OpCount];
        _accesses = new AccessCounts[_program.OpCount];
    }

    /// <summary>Entry name of the kernel.</summary>
    public string Kernel => _program.Kernel;

    /// <summary>Name of its module.</summary>
    public string Module => _program.Module;

    /// <summary>Launches counted.</summary>
    public long Launches { get; private set; }

    /// <summary>Blocks run.</summary>
    public long Blocks { get; private set; }

    /// <summary>Arrivals of warps at barriers.</summary>
    public long Barriers { get; private set; }

    /// <summary>Warp instructions executed.</summary>
    public long WarpInstructions => _executions.Sum();

    /// <summary>Floating-point operations of matrix products, a multiply-add counted as two.</summary>
    public long MatrixFlops => Sum(i => _program.MatrixFlops[i] * _executions[i]);

    /// <summary>Warp instructions that are atomic operations.</summary>
    public long Atomics => InstructionsByClass.GetValueOrDefault(InstructionClass.Atomic);

    /// <summary>Warp instructions by class; classes without any are left out.</summary>
    public IReadOnlyDictionary<InstructionClass, long> InstructionsByClass =>
        Enumerable.Range(0, _program.OpCount)
            .GroupBy(i => InstructionClasses.Of(_program.Opcodes[i]), i => _executions[i])
            .Select(g => (g.Key, Sum: g.Sum())).Where(g => g.Sum > 0)
            .OrderBy(g => g.Key).ToDictionary(g => g.Key, g => g.Sum);

    /// <summary>Global memory, in sectors of 32 bytes.</summary>
    public MemoryTraffic Global => Total(a => a.Global);

    /// <summary>Shared memory, in passes over its banks.</summary>
    public MemoryTraffic Shared => Total(a => a.Shared);

    /// <summary>Local memory.</summary>
    public MemoryTraffic Local => Total(a => a.Local);

    /// <summary>Parameters and constants.</summary>
    public MemoryTraffic Parameter => Total(a => a.Parameter);

    /// <summary>Every statement, in the order of the text.</summary>
    public IReadOnlyList<StatementProfile> Statements
    {
        get
        {
            List<StatementProfile> statements = [];
            for (int i = 0; i < _program.OpCount; i++)
            {
                (int line, string text) = _program.Statement(i);
                StatementProfile here = new(line, text, InstructionClasses.Of(_program.Opcodes[i]),
                    _executions[i], _accesses[i].Global, _accesses[i].Shared);
                // The return that ends every text is an instruction of its own of the last statement.
                if (i > 0 && _program.IsSameStatement(i, i - 1))
                {
                    StatementProfile last = statements[^1];
                    statements[^1] = last with { Executions = Math.Max(last.Executions, here.Executions) };
                    continue;
                }
                statements.Add(here);
            }
            return statements;
        }
    }

    /// <summary>The statements executed most often, the most frequent first.</summary>
    /// <param name="count">How many at most.</param>
    public IReadOnlyList<StatementProfile> Hottest(int count) =>
        [.. Statements.OrderByDescending(s => s.Executions).Take(count).Where(s => s.Executions > 0)];

    /// <summary>The statements that no warp executed.</summary>
    public IReadOnlyList<StatementProfile> Unexecuted() => [.. Statements.Where(s => s.Executions == 0)];

    /// <summary>True when the profile is of the very text of a kernel.</summary>
    internal bool IsOf(PtxKernel kernel) => _program.HasTextOf(kernel.Program);

    /// <summary>Adds what a worker has counted for the kernel.</summary>
    internal void Add(ReadOnlySpan<long> executions, ReadOnlySpan<AccessCounts> accesses, long blocks,
        long barriers)
    {
        for (int i = 0; i < _executions.Length; i++)
        {
            _executions[i] += executions[i];
            _accesses[i].Add(accesses[i]);
        }
        Blocks += blocks;
        Barriers += barriers;
    }

    internal void AddLaunch() => Launches++;

    private long Sum(Func<int, long> value) => Enumerable.Range(0, _program.OpCount).Sum(value);

    private MemoryTraffic Total(Func<AccessCounts, MemoryTraffic> part) =>
        _accesses.Aggregate(default(MemoryTraffic), (sum, a) => sum + part(a));
}
