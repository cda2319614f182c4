using FsCheck;
using FsCheck.Fluent;
using NativeAttention.Testing;

namespace NativeAttention.Tests.Properties;

/// <summary>A problem of awkward lengths with reproducible inputs, dense BSHD float32.</summary>
/// <param name="Batch">Sequences.</param>
/// <param name="Queries">Queries of a sequence.</param>
/// <param name="Keys">Keys of a sequence.</param>
/// <param name="KeyHeads">Heads of key and value.</param>
/// <param name="Group">Query heads for a key head.</param>
/// <param name="HeadDim">Head dim.</param>
/// <param name="ValueDim">Value head dim.</param>
/// <param name="MaskKind">None, causal, or one of some windows.</param>
/// <param name="Seed">Seed of the inputs, and of whatever else a property draws.</param>
public sealed record SmallProblem(int Batch, int Queries, int Keys, int KeyHeads, int Group, int HeadDim,
    int ValueDim, int MaskKind, int Seed)
{
    /// <summary>Any of them; failures shrink towards one short head without a mask.</summary>
    public static Arbitrary<SmallProblem> Any { get; } = Arb.From(
        from batch in Gen.Choose(1, 2)
        from queries in Length(80)
        from keys in Length(140)
        from keyHeads in Gen.Choose(1, 2)
        from @group in Gen.Choose(1, 3)
        from headDim in Gen.Choose(1, 40)
        from valueDim in Gen.Choose(1, 40)
        from mask in Gen.Choose(0, 3)
        from seed in Gen.Choose(0, (int.MaxValue / 4) - 2)
        select new SmallProblem(batch, queries, keys, keyHeads, @group, headDim, valueDim, mask, seed),
        Smaller);

    public AttentionShape Shape =>
        new(Batch, Queries, Keys, KeyHeads * Group, KeyHeads, HeadDim, ValueDim);

    public AttentionMask Mask => MaskKind switch
    {
        0 => AttentionMask.None,
        1 => AttentionMask.Causal,
        2 => AttentionMask.Window(Seed % 50, Seed / 50 % 20),
        _ => AttentionMask.Window(null, Seed % 30),
    };

    public float[] Query() => Normal(Batch * Queries * KeyHeads * Group * HeadDim, 1);

    public float[] Key() => Normal(Batch * Keys * KeyHeads * HeadDim, 2);

    public float[] Value() => Normal(Batch * Keys * KeyHeads * ValueDim, 3);

    /// <summary>More random numbers of the same seed.</summary>
    public Random Draw() => new(Seed);

    private float[] Normal(int count, int tensor) => Array.ConvertAll(
        RandomTensor.Normal(ElementType.Float32, count, (Seed * 4) + tensor), x => (float)x);

    // One and none are as likely as all others together.
    private static Gen<int> Length(int most) => Gen.Frequency(
        (1, Gen.Constant(0)), (2, Gen.Constant(1)), (3, Gen.Choose(2, most)));

    private static IEnumerable<SmallProblem> Smaller(SmallProblem p)
    {
        foreach (SmallProblem smaller in (SmallProblem[])
        [
            p with { Batch = 1 }, p with { Group = 1 }, p with { KeyHeads = 1 }, p with { MaskKind = 0 },
            p with { HeadDim = 1 }, p with { ValueDim = 1 }, p with { Queries = p.Queries / 2 },
            p with { Queries = Math.Max(0, p.Queries - 1) }, p with { Keys = p.Keys / 2 },
            p with { Keys = Math.Max(0, p.Keys - 1) },
        ])
        {
            if (smaller != p)
            {
                yield return smaller;
            }
        }
    }
}
