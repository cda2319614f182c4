using NativeAttention.Bindings;

namespace NativeAttention.Cuda.Tests;

public sealed class DenseOperandsTests
{
    [TestCase(64, 64, 0, 0L, ExpectedResult = true)]
    [TestCase(40, 64, 0, 0L, ExpectedResult = true)]
    [TestCase(64, 20, 0, 0L, ExpectedResult = false, Description = "40 bytes a value row")]
    [TestCase(63, 64, 0, 0L, ExpectedResult = false)]
    [TestCase(64, 64, 2, 0L, ExpectedResult = false, Description = "address")]
    [TestCase(64, 64, 16, 0L, ExpectedResult = true)]
    [TestCase(64, 64, 0, 1L, ExpectedResult = false, Description = "strides")]
    [TestCase(64, 64, 0, 8L, ExpectedResult = true)]
    public bool Vector_loads_need_16_bytes_everywhere(int dim, int valueDim, int address, long gap) =>
        Flags(dim, valueDim, 2, address, gap).HasFlag(DenseFlags.DenseVectorLoads);

    [TestCase(20, 2, 0, 0L, ExpectedResult = true)]
    [TestCase(21, 2, 0, 0L, ExpectedResult = false)]
    [TestCase(20, 2, 2, 0L, ExpectedResult = false)]
    [TestCase(20, 2, 4, 0L, ExpectedResult = true)]
    [TestCase(20, 2, 0, 1L, ExpectedResult = false)]
    [TestCase(20, 2, 0, 2L, ExpectedResult = true)]
    [TestCase(20, 4, 4, 0L, ExpectedResult = false)]
    [TestCase(20, 4, 8, 2L, ExpectedResult = true)]
    public bool Pair_stores_need_two_elements_everywhere(int valueDim, int bytes, int address, long gap) =>
        Flags(64, valueDim, bytes, address, gap).HasFlag(DenseFlags.DensePairStores);

    [Test]
    public void Strides_of_axes_of_length_1_do_not_count()
    {
        DenseForwardParams p = Filled(64, 64, 0, 0);
        p.Batch = 1;
        p.Query.BatchStride = p.Key.BatchStride = p.Value.BatchStride = p.Output.BatchStride = 7;
        DenseOperands.SetFlags(ref p, p.KeyValueHeads, 2);
        Assert.That((DenseFlags)p.Flags, Is.EqualTo(
            DenseFlags.DenseVectorLoads | DenseFlags.DensePairStores));
    }

    [Test]
    public void A_band_of_32_bits_hides_the_same_keys()
    {
        long[] diagonals =
        [
            -KeyBand.Open, -(1L << 33), -(1L << 30) - 1, -(1L << 30), -5, -1, 0, 1, 5, 1L << 30,
            (1L << 30) + 1, 1L << 33,
            KeyBand.Open,
        ];
        int[] lengths = [1, 6, 1 << 30];
        foreach (long left in diagonals)
        {
            foreach (long right in diagonals)
            {
                foreach (int length in lengths)
                {
                    SameKeys(new KeyBand(left, right), length);
                }
            }
        }
    }

    [Test]
    public void Everything_a_problem_fixes_is_in_the_template()
    {
        AttentionShape shape = new(2, 3, 5, 8, 4, 16, 24);
        DenseForwardParams p = DenseOperands.Template(AttentionProblem.Create(
            ElementType.Float16, shape, AttentionOptions.Causal with { Scale = -0.5f })).Dense;
        Assert.Multiple(() =>
        {
            Assert.That((p.Batch, p.QueryLength, p.KeyLength), Is.EqualTo((2, 3, 5)));
            Assert.That((p.QueryHeads, p.KeyValueHeads, p.HeadDim, p.ValueHeadDim),
                Is.EqualTo((8, 4, 16, 24)));
            Assert.That((p.BandLeft, p.BandRight), Is.EqualTo((-(1 << 30), 2)));
            Assert.That(p.Scale, Is.EqualTo(-0.5f));
        });
    }

    // Compares at the corners: the first, some middle and the last queries and keys.
    private static void SameKeys(KeyBand band, int length)
    {
        (int left, int right) = DenseOperands.Band(band, new AttentionShape(1, length, length, 1, 1, 1));
        foreach (long i in new long[] { 0, 3, length / 2, length - 1 })
        {
            foreach (long j in new long[] { 0, 2, length / 2, length - 1 })
            {
                bool expected = i + band.Left <= j && j <= i + band.Right;
                Assert.That(i + left <= j && j <= i + right, Is.EqualTo(expected),
                    $"{band} length {length} i {i} j {j}");
            }
        }
    }

    private static DenseFlags Flags(int dim, int valueDim, int bytes, int address, long gap)
    {
        DenseForwardParams p = Filled(dim, valueDim, (ulong)address, gap);
        DenseOperands.SetFlags(ref p, p.KeyValueHeads, bytes);
        return (DenseFlags)p.Flags;
    }

    private static DenseForwardParams Filled(int dim, int valueDim, ulong address, long gap)
    {
        TensorRef narrow = new()
        {
            Data = 4096 + address,
            HeadStride = dim + gap,
            SequenceStride = 4 * (dim + gap),
            BatchStride = 64 * (dim + gap)
        };
        TensorRef wide = new()
        {
            Data = 4096 + address,
            HeadStride = valueDim + gap,
            SequenceStride = 4 * (valueDim + gap),
            BatchStride = 64 * (valueDim + gap)
        };
        return new DenseForwardParams
        {
            Query = narrow,
            Key = narrow,
            Value = wide,
            Output = new()
            {
                Data = wide.Data,
                HeadStride = wide.HeadStride,
                SequenceStride = wide.SequenceStride,
                BatchStride = wide.BatchStride
            },
            Batch = 2,
            QueryLength = 16,
            KeyLength = 16,
            QueryHeads = 4,
            KeyValueHeads = 4,
            HeadDim = dim,
            ValueHeadDim = valueDim,
        };
    }
}
