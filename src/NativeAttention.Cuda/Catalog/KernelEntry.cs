namespace NativeAttention.Cuda;

/// <summary>
/// One line of <c>native/manifest/kernels.json</c>: a kernel that ships. The list is generated.
/// </summary>
/// <param name="Name">Entry name in the PTX.</param>
/// <param name="Module">Module that holds it: the PTX file name without extension.</param>
/// <param name="Family">What it computes, for example <c>dense</c>.</param>
/// <param name="Rung">
/// <c>reference</c>, <c>tiled</c>, or <c>simt</c> where there is only one; what it is for behind it.
/// </param>
/// <param name="ElementType">Element type of query, key, value and output.</param>
/// <param name="HeadDim">Largest head dim it takes; smaller ones are padded. 0: any.</param>
/// <param name="BlockM">Queries, or keys, that one thread block owns; 0 where there are none.</param>
/// <param name="BlockN">Keys, or queries, of one tile that it visits; 0 where there are none.</param>
/// <param name="Threads">Threads of one block.</param>
/// <param name="SharedBytes">Dynamic shared memory of one block.</param>
/// <param name="MinComputeCapability">Major times ten plus minor, for example 80.</param>
/// <param name="Parameters">Name of the parameter struct.</param>
internal sealed record KernelEntry(
    string Name, string Module, string Family, string Rung, ElementType ElementType, int HeadDim, int BlockM,
    int BlockN, int Threads, int SharedBytes, int MinComputeCapability, string Parameters);
