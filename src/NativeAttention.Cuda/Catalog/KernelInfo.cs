namespace NativeAttention.Cuda;

/// <summary>
/// Everything needed to load and launch one of our kernels, also through another library: its PTX, the shape
/// of a launch and the layout of its one parameter.
/// </summary>
/// <remarks>
/// A kernel takes one struct by value. The grid is one-dimensional, <see cref="GridSize"/> blocks of <see
/// cref="Threads"/> threads with <see cref="SharedBytes"/> of dynamic shared memory (above 48 KiB that must
/// be allowed first). The <c>params.h</c> of its family in <c>native/include/na</c> says what the fields
/// mean.
/// </remarks>
public sealed record KernelInfo
{
    private readonly KernelEntry _entry;

    internal KernelInfo(KernelEntry entry)
    {
        _entry = entry;
        (ParameterBytes, Parameters) = ParameterLayout.Of(entry.Parameters);
    }

    /// <summary>Entry name in the PTX, for example <c>na_dense_tiled_bf16_d128_sm80</c>.</summary>
    public string Name => _entry.Name;

    /// <summary>Name of the PTX module that holds it.</summary>
    public string Module => _entry.Module;

    /// <summary>What it computes, for example <c>dense</c> or <c>neighborhood</c>.</summary>
    public string Family => _entry.Family;

    /// <summary>
    /// Of families <c>dense</c> and <c>neighborhood</c> <c>reference</c> (one thread per output row, plainly right) or
    /// <c>tiled</c>, with <c>_mod</c> behind it where it takes modifiers and optional operands; of family
    /// <c>backward</c> the same, with what it writes behind it: <c>_keys</c> the gradients of key and value, <c>_key</c>
    /// or <c>_value</c> one of them, <c>_queries</c> that of the query; <c>tiled</c> of family
    /// <c>scores</c>; <c>simt</c> where a family has one kernel, without matrix instructions.
    /// </summary>
    public string Rung => _entry.Rung;

    /// <summary>Element type of query, key, value and output, as far as there are any.</summary>
    public ElementType ElementType => _entry.ElementType;

    /// <summary>
    /// Largest head dim and value head dim it takes, smaller ones being padded inside; 0 when it takes any.
    /// </summary>
    public int MaxHeadDim => _entry.HeadDim;

    /// <summary>
    /// Queries that one block computes, of kernels of <c>backward</c> that own keys those; 0 where there are none.
    /// </summary>
    public int QueriesPerBlock => _entry.BlockM;

    /// <summary>
    /// Keys, or queries where a block owns keys, that one step of a block visits; 0 where there are none.
    /// </summary>
    public int KeysPerTile => _entry.BlockN;

    /// <summary>Threads of one block; the block is one-dimensional.</summary>
    public int Threads => _entry.Threads;

    /// <summary>Dynamic shared memory of one block, in bytes.</summary>
    public int SharedBytes => _entry.SharedBytes;

    /// <summary>Lowest compute capability it runs on.</summary>
    public Version MinComputeCapability =>
        new(_entry.MinComputeCapability / 10, _entry.MinComputeCapability % 10);

    /// <summary>Size of the parameter struct, in bytes.</summary>
    public int ParameterBytes { get; }

    /// <summary>The fields of the parameter struct.</summary>
    public IReadOnlyList<KernelParameterField> Parameters { get; }

    /// <summary>
    /// Blocks of a launch: query tiles times query heads times batch, query tile fastest, batch slowest.
    /// </summary>
    /// <param name="shape">The problem.</param>
    /// <returns>The number of blocks, at most 2^63 - 1; a launch takes at most 2^31 - 1.</returns>
    /// <exception cref="ArgumentException">A length, head count or head dim is too small, or the query heads
    /// are no multiple of the key/value heads.</exception>
    /// <exception cref="NotSupportedException">It is of a family other than <c>dense</c>: the blocks of
    /// <c>neighborhood</c>, <c>backward</c> and <c>bias_gradient</c> are tiles or entries of maps, as <c>params.h</c>
    /// says, and other kernels take any grid, since their threads stride over the work.</exception>
    public long GridSize(AttentionShape shape)
    {
        if (Family != DensePlanner.Family)
        {
            throw new NotSupportedException(_entry.Parameters is "NeighborhoodParams" or "BackwardParams"
                ? $"{Name} has a block for each tile of a map, head and batch index, which a shape of dense "
                    + "attention does not tell."
                : $"{Name} has no grid of its own: kernels of family {Family} stride over the work and take any number "
                    + "of blocks.");
        }

        ProblemRules.CheckShape(shape);
        return DensePlanner.GridSize(_entry, shape);
    }

    /// <summary>The PTX text of the module that holds it.</summary>
    /// <exception cref="FileNotFoundException">This build has no kernels, or <c>NATTN_PTX_DIRECTORY</c> lacks
    /// the module.</exception>
    public string ReadPtx() => PtxSource.ReadText(Module);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
