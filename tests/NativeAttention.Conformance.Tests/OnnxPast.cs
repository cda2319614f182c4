namespace NativeAttention.Conformance.Tests;

/// <summary>Past and new keys (or values) as one present tensor, [batch, heads, past + new, dim].</summary>
internal static class OnnxPast
{
    /// <summary>Puts the new rows behind the past.</summary>
    public static T[] Append<T>(T[] past, T[] added, OnnxLengths lengths, int dim)
    {
        int total = lengths.PastKeys + lengths.NewKeys;
        T[] present = new T[lengths.Batch * lengths.KeyHeads * total * dim];
        TensorStrides from = lengths.HeadsFirst
            ? TensorStrides.Bhsd(lengths.NewKeys, lengths.KeyHeads, dim)
            : TensorStrides.Bshd(lengths.NewKeys, lengths.KeyHeads, dim);
        for (int b = 0; b < lengths.Batch; b++)
        {
            for (int h = 0; h < lengths.KeyHeads; h++)
            {
                int head = (b * lengths.KeyHeads) + h;
                int before = lengths.PastKeys * dim;
                Array.Copy(past, head * before, present, head * total * dim, before);
                for (int j = 0; j < lengths.NewKeys; j++)
                {
                    long source = (b * from.Batch) + (j * from.Sequence) + (h * from.Head);
                    Array.Copy(added, source, present, ((head * total) + lengths.PastKeys + j) * dim, dim);
                }
            }
        }

        return present;
    }
}
