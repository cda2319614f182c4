namespace NativeAttention.Conformance.Tests;

/// <summary>
/// The lengths of a case. Tensors of rank 4 are [batch, heads, sequence, dim]; those of rank 3 are [batch,
/// sequence, heads * dim], which in memory is [batch, sequence, heads, dim]. The past is always of rank 4.
/// </summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Queries">Queries of a sequence.</param>
/// <param name="NewKeys">Keys of a sequence in K.</param>
/// <param name="PastKeys">Keys of a sequence in the past, 0 without one.</param>
/// <param name="QueryHeads">Heads of Q and Y.</param>
/// <param name="KeyHeads">Heads of K and V.</param>
/// <param name="HeadDim">Head dim of Q and K.</param>
/// <param name="ValueHeadDim">Head dim of V and Y.</param>
/// <param name="HeadsFirst">Whether the tensors have rank 4.</param>
internal sealed record OnnxLengths(int Batch, int Queries, int NewKeys, int PastKeys, int QueryHeads,
    int KeyHeads, int HeadDim, int ValueHeadDim, bool HeadsFirst)
{
    /// <summary>The problem's shape, past included.</summary>
    public AttentionShape Shape =>
        new(Batch, Queries, PastKeys + NewKeys, QueryHeads, KeyHeads, HeadDim, ValueHeadDim);

    /// <summary>
    /// Where the elements lie: as in the files, but with a past key and value are what becomes the present,
    /// heads first.
    /// </summary>
    public AttentionLayout Layout => HeadsFirst ? AttentionLayout.Bhsd
        : PastKeys == 0 ? AttentionLayout.Bshd
        : AttentionLayout.Strided(
            TensorStrides.Bshd(Queries, QueryHeads, HeadDim),
            TensorStrides.Bhsd(PastKeys + NewKeys, KeyHeads, HeadDim),
            TensorStrides.Bhsd(PastKeys + NewKeys, KeyHeads, ValueHeadDim),
            TensorStrides.Bshd(Queries, QueryHeads, ValueHeadDim));

    /// <summary>The lengths that the shapes of a case say.</summary>
    public static OnnxLengths Of(OnnxCase onnx)
    {
        long[] q = onnx.Shape("Q"), k = onnx.Shape("K"), v = onnx.Shape("V");
        bool headsFirst = q.Length == 4;
        int queryHeads = headsFirst ? (int)q[1] : (int)onnx.Number("q_num_heads")!.Value;
        int keyHeads = headsFirst ? (int)k[1] : (int)onnx.Number("kv_num_heads")!.Value;
        return new OnnxLengths((int)q[0], (int)q[^2], (int)k[^2],
            onnx.HasInput("past_key") ? (int)onnx.Shape("past_key")[2] : 0, queryHeads, keyHeads,
            (int)q[^1] / (headsFirst ? 1 : queryHeads), (int)v[^1] / (headsFirst ? 1 : keyHeads), headsFirst);
    }
}
