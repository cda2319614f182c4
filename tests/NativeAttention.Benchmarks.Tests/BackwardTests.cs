using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.Testing;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>Cases of backward: what they compute, what they count, and that a wrong gradient does not pass.</summary>
public class BackwardTests
{
    private static IEnumerable<TestCaseData> Cases()
    {
        BenchCase dense = new()
        {
            Device = BenchDevice.Cpu,
            Family = BenchFamily.Backward,
            Shape = new AttentionShape(2, 37, 45, 4, 2, 24, 16),
        };
        BenchCase map = dense with
        {
            Shape = new AttentionShape(1, 9 * 11, 9 * 11, 4, 2, 16),
            Map = new BenchMap(new GridShape(9, 11), 3, Dilation: 2),
        };
        return from @case in (BenchCase[])[dense, dense with { Mask = AttentionMask.Causal }, map]
               from type in Enum.GetValues<ElementType>()
               select new TestCaseData(@case with { Type = type }).SetArgDisplayNames($"{@case with { Type = type }}");
    }

    [TestCaseSource(nameof(Cases))]
    public void What_the_library_computes_passes(BenchCase @case)
    {
        using BenchBody body = BenchBody.Of(@case);
        Accuracy accuracy = body.Verify();
        Assert.That(accuracy.RelativeError, Is.LessThan(0.05));
    }

    [TestCaseSource(nameof(Cases))]
    public void What_is_wrong_in_one_gradient_does_not_pass(BenchCase @case)
    {
        for (int n = 0; n < 3; n++)
        {
            for (int e = 0; e < 2; e++)
            {
                double error = e == 0 ? 0.5 : double.NaN; // of the first row, which is one of those compared
                Accuracy accuracy = Compare(@case, @case, n, error);
                Assert.That(accuracy.MaxError <= accuracy.Bound, Is.False, $"gradient {n} off by {error}");
            }
        }

        Accuracy right = Compare(@case, @case, 0, 0);
        Assert.That(right.MaxError, Is.LessThanOrEqualTo(right.Bound));
    }

    [TestCaseSource(nameof(Cases))]
    public void What_is_right_for_other_keys_does_not_pass(BenchCase @case)
    {
        BenchCase other = @case.Map is not null ? @case with { Map = new BenchMap(@case.Map.Grid, 5) }
            : @case with { Mask = @case.Mask == AttentionMask.None ? AttentionMask.Causal : AttentionMask.None };
        Accuracy accuracy = Compare(@case, other, 0, 0);
        Assert.That(accuracy.MaxError, Is.GreaterThan(accuracy.Bound));
    }

    [Test]
    public void Work_is_five_products_of_which_forward_has_two()
    {
        BenchCase forward = CaseList.All.Single(c => c.Id == "dense-f32-b1-h8x8-s1024x1024-d64x64");
        MeasurementLine full = Line("backward-f32-b1-h8x8-s1024x1024-d64x64");
        const double pairs = 8.0 * 1024 * 1024;
        Assert.That(full.Flops, Is.EqualTo(10 * pairs * 64));
        Assert.That(full.Flops, Is.EqualTo(2.5 * forward.Line("nattn-cpu", null).Flops));
        Assert.That(full.Bytes, Is.EqualTo((8 * 8 * 1024 * 64 * 4) + (8 * 1024 * 4)), "eight tensors and the log-sum-exp");
        Assert.That(Line("backward-f32-b1-h8x2-s1024x1024-d64x64-causal").Bytes,
            Is.EqualTo((((4 * 8) + (4 * 2)) * 1024 * 64 * 4) + (8 * 1024 * 4)));
        Assert.That(Line("backward-f16-b1-h8x8-s256x256-d64x64-causal").Flops, Is.EqualTo(10 * 8 * 64 * (256 * 257 / 2.0)));
        Assert.That(Line("backward-f32-b1-h4x4-s4096x4096-d32x32-map=64x64-window=13").Flops,
            Is.EqualTo(10 * 4 * 4096.0 * 169 * 32));
        BenchCase valued = (BenchCase)Cases().First().Arguments[0]!;
        Assert.That(valued.Line("nattn-cpu", null).Flops, Is.EqualTo(2.0 * 2 * 4 * 37 * 45 * ((3 * 24) + (2 * 16))));
    }

    [Test]
    public void Its_goal_is_the_share_of_the_bound_that_forward_has()
    {
        GoalLine[] goals = [.. MapList.All.Where(c => c.Family == BenchFamily.Backward).SelectMany(MapGoals.Of)];
        Assert.That(goals, Has.Length.EqualTo(5));
        Assert.That(goals.Select(g => (g.Name, g.Aim)).Distinct(), Is.EqualTo(new[]
        {
            ("backward of a neighborhood of 7x7: speed over dense, 60 % of the bound by operations", 50.2),
            ("backward of a neighborhood of 13x13: speed over dense, 60 % of the bound by operations", 14.5),
        }));
        foreach (GoalLine goal in goals)
        {
            goal.Check();
            Assert.That(goal.Against, Is.EqualTo("plain"));
        }
    }

    [Test]
    public void A_run_allocates_nothing()
    {
        foreach (BenchCase @case in Cases().Select(c => (BenchCase)c.Arguments[0]!))
        {
            using BenchBody body = BenchBody.Of(@case with { Threads = 1 });
            Assert.That(Allocations.Of(body.Run), Is.Zero, @case.Name);
        }
    }

    private static MeasurementLine Line(string id) => CaseList.All.Single(c => c.Id == id).Line("nattn-cpu", null);

    // The gradients that the library computes for one case, one element changed, held against another case.
    private static Accuracy Compare(BenchCase asked, BenchCase computed, int changed, double error) => asked.Type switch
    {
        ElementType.Float32 => Compare<float>(asked, computed, changed, error),
        ElementType.Float16 => Compare<Half>(asked, computed, changed, error),
        _ => Compare<BFloat16>(asked, computed, changed, error),
    };

    private static Accuracy Compare<T>(BenchCase asked, BenchCase computed, int changed, double error)
        where T : unmanaged
    {
        using BackwardBody<T> body = new(computed, new OperandStore());
        body.Run();
        Func<long, double>[] gradients = [.. body.Gradients];
        Func<long, double> right = gradients[changed];
        gradients[changed] = i => right(i) + (i == 0 ? error : 0);
        return body.References(asked).Compare(gradients);
    }
}
