using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using NativeAttention.Cpu;

namespace NativeAttention;

/// <summary>The merge of checked spans, on the calling thread: rows one by one, each in vectors.</summary>
/// <typeparam name="TPart">Element type of the partial outputs.</typeparam>
/// <typeparam name="T">Element type of the output.</typeparam>
internal readonly ref struct HostMerge<TPart, T>
    where TPart : unmanaged
    where T : unmanaged
{
    private const int ChunkLength = 256;
    private const int FewParts = 64;
    private readonly MergeShape _shape;

    /// <summary>Makes a merge.</summary>
    public HostMerge(in MergeShape shape) => _shape = shape;

    /// <summary>Part 0.</summary>
    public ReadOnlySpan<TPart> First { get; init; }

    /// <summary>The further parts.</summary>
    public ReadOnlySpan<TPart> Rest { get; init; }

    /// <summary>Log-sum-exp of part 0.</summary>
    public ReadOnlySpan<float> FirstLse { get; init; }

    /// <summary>Log-sum-exps of the further parts.</summary>
    public ReadOnlySpan<float> RestLse { get; init; }

    /// <summary>The output.</summary>
    public Span<T> Output { get; init; }

    /// <summary>Its log-sum-exp; empty when not wanted.</summary>
    public Span<float> Lse { get; init; }

    /// <summary>Computes output and log-sum-exp.</summary>
    public void Run()
    {
        Span<float> weights = _shape.Parts <= FewParts ? stackalloc float[FewParts] : new float[_shape.Parts];
        weights = weights[.._shape.Parts];
        TensorExtents all = _shape.Output;
        int row = 0;
        for (int b = 0; b < all.Batch; b++)
        {
            for (int h = 0; h < all.Heads; h++)
            {
                for (int s = 0; s < all.Sequence; s++, row++)
                {
                    float merged = Weigh(row, weights);
                    MergeRow(b, s, h, weights);
                    if (!Lse.IsEmpty)
                    {
                        Lse[row] = merged;
                    }
                }
            }
        }
    }

    private float Weigh(int row, Span<float> weights)
    {
        weights[0] = FirstLse[row];
        for (int k = 1; k < weights.Length; k++)
        {
            weights[k] = RestLse[(int)((k - 1) * _shape.RestLseStride) + row];
        }

        return PartialWeights.FromLogSumExps(weights);
    }

    // Chunk by chunk: the output may be part 0, so no element is written before all of its parts are read.
    private void MergeRow(int batch, int sequence, int head, ReadOnlySpan<float> weights)
    {
        Span<float> sums = stackalloc float[ChunkLength];
        int first = (int)_shape.First.Offset(batch, sequence, head);
        int rest = (int)_shape.Rest.Offset(batch, sequence, head);
        int output = (int)_shape.Output.Offset(batch, sequence, head);
        for (int d = 0; d < _shape.Output.Dim; d += ChunkLength)
        {
            Span<float> sum = sums[..Math.Min(ChunkLength, _shape.Output.Dim - d)];
            sum.Clear();
            Add(weights[0], First, first + d, sum);
            for (int k = 1; k < weights.Length; k++)
            {
                Add(weights[k], Rest, rest + d + (int)((k - 1) * _shape.RestStride), sum);
            }

            ElementConvert.Narrow(sum, Output.Slice(output + d, sum.Length));
        }
    }

    // A part of weight 0 may hold anything, and is not read.
    private static void Add(float weight, ReadOnlySpan<TPart> part, int start, Span<float> sum)
    {
        if (weight == 0)
        {
            return;
        }

        ReadOnlySpan<TPart> row = part.Slice(start, sum.Length);
        if (typeof(TPart) == typeof(float))
        {
            TensorPrimitives.MultiplyAdd(MemoryMarshal.Cast<TPart, float>(row), weight, sum, sum);
            return;
        }

        Span<float> wide = stackalloc float[ChunkLength];
        wide = wide[..sum.Length];
        ElementConvert.Widen(row, wide);
        TensorPrimitives.MultiplyAdd(wide, weight, sum, sum);
    }
}
