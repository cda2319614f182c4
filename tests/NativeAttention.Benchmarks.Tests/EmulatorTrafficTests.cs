using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Traffic;
using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Tests;

/// <summary>What modifiers add to instructions and traffic of the kernels, as the emulator counts it.</summary>
public class EmulatorTrafficTests
{
    private static readonly RunLine Cpu = new()
    {
        Schema = RunLine.CurrentSchema,
        Date = new DateTime(2026, 11, 21, 0, 0, 0, DateTimeKind.Utc),
        Commit = "1234567",
        Machine = "some-2core",
        Device = "cpu",
        Mode = "short",
    };

    [Test]
    public void Every_case_is_counted_or_refused_by_the_backend_itself()
    {
        BenchCase[] cases = [.. EmulatorTraffic.Cases.Select(c =>
            c with { Shape = c.Shape with { QueryLength = 64, KeyLength = 64 } })];
        ResultLine[] lines = [.. EmulatorTraffic.Lines(Cpu, cases)];
        Assert.That(((RunLine)lines[0]).Device, Is.EqualTo("emulator"));
        Assert.That(lines.Skip(1).Cast<TrafficLine>().Select(t => t.Case), Is.EqualTo(cases.Select(c => c.Id)));
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver);
        foreach ((TrafficLine line, BenchCase @case) in lines.Skip(1).Cast<TrafficLine>().Zip(cases))
        {
            line.Check();
            bool can = backend.CanRun(
                AttentionProblem.Create(@case.Type, @case.Shape, @case.Options), out string? reason);
            Assert.That(line.Reason, Is.EqualTo(reason), line.Case);
            Assert.That(line.Kernel is not null, Is.EqualTo(can), line.Case);
        }
    }

    [Test]
    public void Counts_are_those_of_one_run()
    {
        BenchCase plain = EmulatorTraffic.Cases[0] with { Shape = new AttentionShape(1, 64, 64, 1, 1, 64) };
        Assert.That(plain.Id, Is.EqualTo(plain.Plain.Id));
        TrafficLine[] lines = [.. EmulatorTraffic.Lines(Cpu, [plain, plain]).OfType<TrafficLine>()];
        Assert.That(lines[0], Is.EqualTo(lines[1]));
        // At least the three inputs and the output, 64 x 64 of two bytes each.
        Assert.That(lines[0].GlobalBytes, Is.GreaterThanOrEqualTo(4 * 64 * 64 * 2));
        Assert.That(lines[0].WarpInstructions, Is.GreaterThan(1000));
    }

    [Test]
    public void Nothing_is_opened_for_no_cases() => Assert.That(EmulatorTraffic.Lines(Cpu, []), Is.Empty);
}
