using NativeAttention.Tool.Reports;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Results;

namespace NativeAttention.Tool.Tests.Reports;

public class ChangeTests
{
    // Noise of both runs: 3 %.
    [TestCase(1.0, false, false)]
    [TestCase(1.029, false, false)]
    [TestCase(1.031, true, false)]
    [TestCase(1 / 1.029, false, false)]
    [TestCase(1 / 1.031, false, true)]
    public void A_change_counts_when_the_times_differ_by_more_than_both_spreads(double ratio, bool worse,
        bool better)
    {
        CaseRow row = Compare(
            ResultLines.Measurement(0.01) with { Spread = 0.01 },
            ResultLines.Measurement(0.01 * ratio) with { Spread = 0.02 });
        Assert.That(row.Change!.Value.Noise, Is.EqualTo(0.03).Within(1e-12));
        Assert.That(row.Change!.Value.Relative, Is.EqualTo(ratio - 1).Within(1e-12));
        Assert.That(row.Change!.Value.IsRegression, Is.EqualTo(worse));
        Assert.That(row.Change!.Value.IsImprovement, Is.EqualTo(better));
    }

    [Test]
    public void Noise_comes_from_repeats_else_from_single_times_else_it_is_ten_percent()
    {
        MeasurementLine m = ResultLines.Measurement(0.01) with { Spread = null };
        Assert.That(m.Noise(), Is.EqualTo(0.1));
        m = m with { Seconds = new Timing { Median = 0.01, P10 = 0.009, P90 = 0.012 } };
        Assert.That(m.Noise(), Is.EqualTo(0.3).Within(1e-12));
        Assert.That((m with { Spread = 0.02 }).Noise(), Is.EqualTo(0.02));
    }

    [Test]
    public void Identical_runs_mark_nothing_and_a_doubled_time_beyond_noise_is_always_marked()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int round = 0; round < 300; round++)
        {
            MeasurementLine[] before = [.. Enumerable.Range(1, random.Next(1, 20)).Select(i =>
                ResultLines.Measurement(Math.Exp((random.NextDouble() * 16) - 14), length: i) with
                {
                    // Two of these add up to less than the 100 % that a doubled time is.
                    Spread = random.Next(4) == 0 ? null : random.NextDouble() * 0.49,
                })];
            DeviceSection same = Section(before, before);
            Assert.That(same.Regressions, Is.Empty);
            Assert.That(same.Improvements, Is.Empty);

            int slow = random.Next(before.Length);
            MeasurementLine[] after = [.. before];
            after[slow] = after[slow] with { Seconds = new Timing { Median = before[slow].Seconds!.Median * 2 } };
            Assert.That(Section(before, after).Regressions.Select(r => r.Case),
                Is.EqualTo(new[] { before[slow].Case }));
            Assert.That(Section(after, before).Improvements.Select(r => r.Case),
                Is.EqualTo(new[] { before[slow].Case }));
        }
    }

    [Test]
    public void What_ran_before_and_does_not_now_is_a_regression_and_comes_first()
    {
        MeasurementLine[] before = [.. Enumerable.Range(1, 4).Select(i => ResultLines.Measurement(1, length: i))];
        DeviceSection section = Section(before,
        [
            ResultLines.Measurement(1.5, length: 1),
            ResultLines.Measurement(2, length: 2),
            ResultLines.Measurement(1, length: 3) with
            {
                Status = ResultStatus.Failed,
                Reason = "fault",
                Seconds = null,
            },
            ResultLines.Measurement(1, length: 5),
        ]);
        Assert.That(section.Regressions.Select(r => r.Case),
            Is.EqualTo(new[] { before[2].Case, before[1].Case, before[0].Case }));
        Assert.That(section.Gone, Is.EqualTo(new[] { before[3].Case }));
    }

    private static CaseRow Compare(MeasurementLine before, MeasurementLine after) =>
        Section([before], [after]).Rows.Single();

    private static DeviceSection Section(MeasurementLine[] before, MeasurementLine[] after) => new(
        RunGroups.Of(ResultLines.Run(day: 21), [.. after]), RunGroups.Of(ResultLines.Run(day: 20), [.. before]));
}
