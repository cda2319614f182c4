namespace NativeAttention.Testing;

/// <summary>Cases of every modifier by itself, in its broadcast forms, and of free combinations.</summary>
public static class ModifierGrid
{
    // The last two leave nothing to compute.
    private static readonly (int Queries, int Keys)[] Lengths = [(67, 70), (1, 129), (130, 64), (5, 0), (0, 3)];

    private static readonly int[] Dims = [64, 33, 128, 8, 80, 1, 40];
    private static readonly int[] LargeDims = [64, 192, 256, 33, 8, 129, 80, 255];

    /// <summary>Every modifier by itself, on awkward lengths.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="largeDims">Whether head dims beyond 128 are among them.</param>
    public static IEnumerable<AttentionCase> Each(ElementType type, bool largeDims = false)
    {
        int seed = 100;
        foreach ((int queries, int keys) in Lengths)
        {
            AttentionShape shape = Shape(seed, 3, queries, keys, largeDims);
            foreach (AttentionOptions options in Singles(type, shape))
            {
                yield return new AttentionCase(type, Shape(seed, 3, queries, keys, largeDims), options, seed++);
            }
        }
    }

    /// <summary>
    /// Every modifier by itself on one of the lengths of <see cref="Each"/> in turn, and on those with nothing to compute:
    /// three turns, one after the other, are all of it.
    /// </summary>
    /// <param name="type">Element type.</param>
    /// <param name="turn">Whose turn it is.</param>
    /// <param name="largeDims">Whether head dims beyond 128 are among them.</param>
    public static IEnumerable<AttentionCase> EachInTurn(ElementType type, int turn, bool largeDims = false) =>
        Each(type, largeDims).GroupBy(c => (c.Shape.QueryLength, c.Shape.KeyLength)).SelectMany((ofLengths, k) =>
            ofLengths.Where((_, n) => k > 2 || (n + turn) % 3 == k));

    /// <summary>Random combinations of everything.</summary>
    /// <param name="type">Element type.</param>
    /// <param name="seed">Seed of the choice.</param>
    /// <param name="count">How many.</param>
    /// <param name="largeDims">Whether head dims beyond 128 are among them.</param>
    public static IEnumerable<AttentionCase> Random(ElementType type, int seed, int count,
        bool largeDims = false)
    {
        Random random = new(seed);
        for (int n = 0; n < count; n++)
        {
            AttentionShape shape = Shape(random.Next(), random.Next(1, 4), random.Next(0, 150),
                random.Next(0, 200), largeDims);
            yield return new AttentionCase(type, shape, Combination(type, shape, random), random.Next(1 << 20));
        }
    }

    /// <summary>
    /// Few queries against many keys, as in decoding: every modifier by itself, then combinations.
    /// </summary>
    /// <param name="type">Element type.</param>
    /// <param name="seed">Seed of the combinations.</param>
    /// <param name="count">How many combinations.</param>
    public static IEnumerable<AttentionCase> FewQueries(ElementType type, int seed, int count)
    {
        Random random = new(seed);
        AttentionShape shape = new(3, 3, 1100, 6, 2, 33, 40);
        int n = 0;
        foreach (AttentionOptions options in Singles(type, shape))
        {
            yield return new AttentionCase(type, shape, options, 300 + n++);
        }

        for (n = 0; n < count; n++)
        {
            AttentionShape any = new(random.Next(1, 4), random.Next(1, 9), random.Next(0, 1400), 4,
                1 << random.Next(3), Dims[random.Next(Dims.Length)], Dims[random.Next(Dims.Length)]);
            yield return new AttentionCase(type, any, Combination(type, any, random), random.Next(1 << 20));
        }
    }

    /// <summary>Options with one modifier each; strides are of the shape given.</summary>
    public static IEnumerable<AttentionOptions> Singles(ElementType type, AttentionShape s)
    {
        AttentionOptions none = AttentionOptions.Default;
        AttentionOperands no = AttentionOperands.None;
        yield return none with { SoftCap = 1.5f };
        yield return none with { Mask = AttentionMask.Window(7, 3) };
        yield return none with { Mask = AttentionMask.Window(20, 0), DiagonalOffset = 4 };
        yield return none with { Mask = AttentionMask.Window(null, 2), DiagonalOffset = -3 };
        yield return none with { Mask = AttentionMask.Window(9, 0).WithPrefix(5) };
        yield return none with { Mask = AttentionMask.Causal.WithPrefix(70) };
        yield return none with { Mask = AttentionMask.Window(9, 0).WithSinkTokens(3) };
        yield return With(no with { AlibiSlopes = OperandStrides.PerHead });
        yield return With(no with { AlibiSlopes = OperandStrides.Dense(s.Batch, s.QueryHeads, 1, 1) },
            AttentionMask.Causal);
        yield return With(no with { Sinks = OperandStrides.PerHead }, AttentionMask.Causal);
        yield return With(no with
        {
            QueryTemperature = OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, 1),
        });
        yield return With(no with { QueryTemperature = OperandStrides.Dense(1, 1, s.QueryLength, 1) });
        yield return With(no with
        {
            KeyLogWeight = OperandStrides.Dense(s.Batch, s.KeyValueHeads, 1, s.KeyLength),
        });
        yield return With(no with
        {
            HeadGate = OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, 1),
        });
        yield return With(no with { KeyLengths = true });
        yield return With(no with { KeyLengths = true }, AttentionMask.Causal);
        foreach (OperandStrides strides in MatrixForms(s))
        {
            yield return With(no with { Mask = strides });
            yield return With(no with { Bias = new BiasForm(strides, ElementType.Float32) });
            yield return With(no with { Bias = new BiasForm(strides, type) }, AttentionMask.Causal);
        }

        yield return none with { Layout = Packed(s), Mask = AttentionMask.Causal };
        yield return none with { Layout = Packed(s) };
    }

    private static AttentionOptions With(AttentionOperands operands, AttentionMask? mask = null) =>
        new() { Operands = operands, Mask = mask ?? AttentionMask.None };

    // Whole, broadcast over batch and heads, one row for all queries, one column for all keys, padded rows.
    private static OperandStrides[] MatrixForms(AttentionShape s) =>
    [
        OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength),
        OperandStrides.Dense(1, 1, s.QueryLength, s.KeyLength),
        OperandStrides.Dense(s.Batch, 1, 1, s.KeyLength),
        OperandStrides.Dense(1, s.QueryHeads, s.QueryLength, 1),
        OperandStrides.Dense(1, 1, s.QueryLength, s.KeyLength + 3),
        new(0, 0, 1, s.QueryLength), // transposed
    ];

    private static AttentionLayout Packed(AttentionShape s) =>
        AttentionLayout.Packed(s.Batch * s.QueryLength, s.Batch * s.KeyLength);

    private static AttentionShape Shape(int seed, int batch, int queries, int keys, bool largeDims)
    {
        int[] dims = largeDims ? LargeDims : Dims;
        (int keyHeads, int valueHeads) = (seed % 4) switch
        {
            0 => (2, 2),
            1 => (1, 2),
            2 => (4, 1),
            _ => (2, 4),
        };
        return new AttentionShape(batch, queries, keys, 4, keyHeads, dims[Math.Abs(seed) % dims.Length],
            dims[Math.Abs(seed / 3) % dims.Length])
        {
            ValueHeads = valueHeads,
        };
    }

    private static AttentionOptions Combination(ElementType type, AttentionShape s, Random random)
    {
        bool packed = random.Next(4) == 0;
        OperandStrides[] matrices = MatrixForms(s);
        OperandStrides perQuery = packed
            ? OperandStrides.Dense(1, s.QueryHeads, s.Batch * s.QueryLength, 1)
            : OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, 1);
        OperandStrides perKey = packed
            ? OperandStrides.Dense(1, s.KeyValueHeads, 1, s.Batch * s.KeyLength)
            : OperandStrides.Dense(s.Batch, s.KeyValueHeads, 1, s.KeyLength);
        return new AttentionOptions
        {
            Mask = Mask(random),
            Scale = random.Next(3) == 0 ? (float)(random.NextDouble() - 0.3) : null,
            SoftCap = Maybe() ? 0.5f + (5 * random.NextSingle()) : null,
            DiagonalOffset = Maybe() ? random.Next(-20, 60) : null,
            Layout = packed ? Packed(s) : random.Next(2) == 0 ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
            Operands = new AttentionOperands
            {
                Bias = Maybe() ? new BiasForm(matrices[random.Next(matrices.Length)],
                    random.Next(2) == 0 ? type : ElementType.Float32) : null,
                Mask = Maybe() ? matrices[random.Next(matrices.Length)] : null,
                AlibiSlopes = Maybe() ? OperandStrides.PerHead : null,
                Sinks = Maybe() ? OperandStrides.PerHead : null,
                QueryTemperature = Maybe() ? perQuery : null,
                KeyLogWeight = Maybe() ? perKey : null,
                HeadGate = Maybe() ? perQuery : null,
                KeyLengths = !packed && Maybe(),
            },
        };

        bool Maybe() => random.Next(3) == 0;
    }

    private static AttentionMask Mask(Random random)
    {
        AttentionMask mask = random.Next(4) switch
        {
            0 => AttentionMask.None,
            1 => AttentionMask.Causal,
            2 => AttentionMask.Window(random.Next(80), random.Next(20)),
            _ => AttentionMask.Window(random.Next(80), 0),
        };
        return random.Next(5) switch
        {
            0 => mask.WithPrefix(random.Next(40)),
            1 => mask.WithSinkTokens(random.Next(40)),
            _ => mask,
        };
    }
}
