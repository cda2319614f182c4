using NativeAttention.Testing;

namespace NativeAttention.Tests.Neighborhood;

/// <summary>
/// Cases pass on a backend that walks the lowered tables in the precision of the elements, and fail when it makes a
/// mistake: so a case that passes says something.
/// </summary>
[TestFixture]
internal sealed class CaseTests
{
    private static readonly PatternSpec Pattern = PatternSpec.Windows(new NeighborhoodAxis(3, 2), 4);

    private static IEnumerable<TestCaseData> Cases()
    {
        foreach (ElementType type in Enum.GetValues<ElementType>())
        {
            NeighborhoodShape shape = new(2, new(7, 9), 4, 2, 12, 5);
            yield return new(new NeighborhoodCase(type, shape, Pattern, 11));
            yield return new(new NeighborhoodCase(type, shape with { ExtraKeys = 3 }, Pattern, 12)
            {
                RelativeBias = true,
                LseGradient = true,
                GradientFactor = 0.05,
            });
            yield return new(new NeighborhoodCase(type, shape with { KeyGrid = new(4, 6) }, Pattern, 13)
            {
                QueryFactor = 20,
                Scale = -0.7f,
            });
            yield return new(new NeighborhoodCase(type,
                NeighborhoodShape.Ragged([new(5, 7), new(1, 3), new(9, 4)], 2, 1, 8) with { ExtraKeys = 2 }, Pattern, 14)
            {
                ClampWindow = true,
                RelativeBias = true,
            });
            yield return new(new NeighborhoodCase(type, new(1, new(6, 6), 4, 2, 3), Pattern, 15)
            {
                HeadPatterns = [Pattern, Pattern, PatternSpec.Circular(2), PatternSpec.Circular(2)],
            });
            yield return new(new NeighborhoodCase(type, new(3, new(1), 1, 1, 1), PatternSpec.Windows(1), 16));
            yield return new(new NeighborhoodCase(type, new(0, new(4), 2, 1, 8), PatternSpec.Windows(3), 17));
        }
    }

    private static IEnumerable<TestCaseData> DenseCases()
    {
        foreach (ElementType type in Enum.GetValues<ElementType>())
        {
            yield return new(new DenseBackwardCase(type, new(2, 7, 9, 4, 2, 12, 5), seed: 21));
            yield return new(new DenseBackwardCase(type, new(2, 9, 5, 4, 1, 8), new()
            {
                Mask = AttentionMask.Causal,
                Layout = AttentionLayout.Bhsd,
            }, 22)
            {
                LseGradient = true,
            });
            yield return new(new DenseBackwardCase(type, new(1, 9, 9, 2, 2, 3), new() { Mask = new BandMask(-3, 1) }, 23));
            yield return new(new DenseBackwardCase(type, new(1, 3, 0, 2, 2, 3), seed: 24));
            yield return new(new DenseBackwardCase(type, new(1, 0, 3, 2, 2, 3), seed: 25));
        }
    }

    private static IEnumerable<TestCaseData> Mistakes()
    {
        yield return Mistake("output", a => a[^1] += 0.05);
        yield return Mistake("lse", a => a[0] += 0.01);
        yield return Mistake("dQ", a => a[3] += 0.05);
        yield return Mistake("dQ", a => Scale(a, 1.02));
        yield return Mistake("dK", a => (a[0], a[12]) = (a[12], a[0]));
        yield return Mistake("dK", a => a[^1] = 0);
        yield return Mistake("dV", a => a[^1] = double.NaN);
        yield return Mistake("dV", a => Scale(a, 1.02));
        yield return Mistake("dBias", a => a[5] += 0.05);

        static TestCaseData Mistake(string name, Action<double[]> make) => new(name, make);

        static void Scale(double[] values, double factor)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] *= factor;
            }
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void The_lowered_tables_pass(NeighborhoodCase test)
    {
        using LoweredBackend backend = new();
        AttentionErrors errors = test.RunOn(backend);
        Assert.That(errors.MaxOutput, Is.LessThanOrEqualTo(errors.Bound.Output));
        Assert.That(() => test.RunOn(backend, withLse: false), Throws.Nothing);
        IReadOnlyList<GradientErrors> gradients = test.RunBackwardOn(backend, repeat: true);
        Assert.That(gradients, Has.Count.EqualTo(3 + (test.Shape.ExtraKeys > 0 ? 2 : 0) + (test.RelativeBias ? 1 : 0)));
        foreach (GradientErrors each in gradients)
        {
            TestContext.Out.WriteLine($"{each}");
        }
    }

    [TestCaseSource(nameof(DenseCases))]
    public void Dense_backward_passes(DenseBackwardCase test)
    {
        using LoweredBackend backend = new();
        Assert.That(test.RunBackwardOn(backend, repeat: true), Has.Count.EqualTo(3));
    }

    [TestCaseSource(nameof(Mistakes))]
    public void A_mistake_is_noticed(string where, Action<double[]> make)
    {
        NeighborhoodCase test = new(ElementType.Float16, new(1, new(7, 9), 2, 1, 12, 5) { ExtraKeys = 2 }, Pattern, 31)
        {
            RelativeBias = true,
        };
        using LoweredBackend backend = new((name, values) =>
        {
            if (name == where)
            {
                make(values);
            }
        });
        Assert.That(() =>
        {
            test.RunOn(backend);
            test.RunBackwardOn(backend);
        }, Throws.TypeOf<AttentionMismatchException>());
    }
}
