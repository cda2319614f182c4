using System.Diagnostics;
using NativeAttention.Tool.Results;

namespace NativeAttention.Bundle.Tests;

/// <summary>run.sh of the bundle: every step reports, whatever becomes of the others.</summary>
[Platform("Linux")]
public sealed class RunScriptTests
{
    private static readonly string[] AllSteps =
    [
        "machine", "tests", "verify", "benchmark", "torch", "ptxas", "tests-nvcc", "memcheck", "racecheck", "ncu", "tests-host",
        "report",
    ];

    [Test]
    public void When_all_passes_all_is_there_and_the_table_is_last()
    {
        using FakeBundle bundle = new();
        (int exitCode, string output, ResultRun results) = bundle.Run();
        StepLine tests = Step(results, "tests");
        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.Zero);
            Assert.That(results.Steps.Select(s => s.Name), Is.EqualTo(AllSteps));
            Assert.That(Statuses(results, ResultStatus.Ok), Is.EqualTo(AllSteps));
            Assert.That(bundle.Log(), Does.Contain("on cuda:0 with : Cuda Conformance\n")
                .And.Contains("on cuda:0 with nvcc: Cuda --filter DenseForward\n")
                .And.Contains("on  with : Core Bindings Tool Emulator\n"));
            Assert.That((tests.Passed, tests.Failed, tests.Skipped), Is.EqualTo((7, 0, 2)));
            Assert.That(Step(results, "verify").Passed, Is.EqualTo(9));
            Assert.That(results.Run.Device, Is.EqualTo("H"), "as the benchmark has it");
            Assert.That(results.Ceilings.Select(c => c.Provider), Is.EqualTo((string[])["nattn", "torch"]));
            Assert.That(output.TrimEnd(), Does.EndWith("the short table"));
            Assert.That(output, Does.Contain("NVIDIA H1, 999.1"));
            Assert.That(Directory.GetFiles(bundle.Out).Select(Path.GetFileName),
                Is.EquivalentTo((string[])["run.log", "results.jsonl", "report.md"]));
            Assert.That(bundle.Leftovers(), Is.Empty);
        });
    }

    [Test]
    public void What_the_assembler_says_becomes_a_line_for_each_kernel()
    {
        using FakeBundle bundle = new();
        KernelLine[] kernels = [.. bundle.Run().Results.Kernels];
        Assert.That(kernels.Select(k => k.Name), Is.EquivalentTo((string[])["na_fake_a", "na_fake_b"]));
        Assert.That(kernels, Is.All.Matches<KernelLine>(k => k is
        {
            Target: "sm_90", Registers: 40, SpillStoreBytes: 4, SpillLoadBytes: 8, SharedBytes: 33,
            Source: "ptxas 99.5",
        }));
    }

    [Test]
    public void Without_a_device_its_steps_are_skipped_and_that_is_no_failure()
    {
        using FakeBundle bundle = new(hasDevice: false);
        bundle.Tool("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9").Tool("ptxas", "exit 127");
        bundle.Tool("ptxas", "[ \"$1\" = --version ] || echo \"Compiling entry function 'k' for Used 1 registers\"");
        (int exitCode, string output, ResultRun results) = bundle.Run();
        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.Zero);
            Assert.That(Statuses(results, ResultStatus.Ok), Is.EqualTo((string[])["machine", "ptxas", "tests-host", "report"]));
            Assert.That(results.Steps.Where(s => s.Status == ResultStatus.Skipped).Select(s => s.Reason),
                Is.All.EqualTo("no CUDA device"));
            Assert.That(output, Does.Contain("no CUDA device: cuda:0 is not available (none here)"));
            Assert.That(results.Run.Device, Is.EqualTo("cpu"));
            Assert.That(results.Run.Commit, Is.EqualTo("abc1234"));
        });
    }

    [Test]
    public void A_step_that_fails_hides_no_other()
    {
        using FakeBundle bundle = new();
        bundle.Program("NativeAttention.TestHost", "echo 'FAILED x'; echo '1 passed, 2 failed, 3 skipped'; exit 1");
        (int exitCode, string output, ResultRun results) = bundle.Run();
        StepLine tests = Step(results, "tests");
        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.EqualTo(1));
            Assert.That(Statuses(results, ResultStatus.Failed), Is.EqualTo((string[])["tests", "tests-nvcc", "tests-host"]));
            Assert.That((tests.Passed, tests.Failed, tests.Skipped), Is.EqualTo((1, 2, 3)));
            Assert.That(tests.Reason, Is.EqualTo("exit code 1: 1 passed, 2 failed, 3 skipped"));
            Assert.That(output, Does.Contain("     | FAILED x"));
            Assert.That(results.Steps.Select(s => s.Name), Is.EqualTo(AllSteps));
        });
    }

    [Test]
    public void A_step_that_hangs_and_ignores_signals_is_ended_in_its_time()
    {
        using FakeBundle bundle = new();
        bundle.Nattn(verify: "trap '' TERM; sleep 1000 & wait; sleep 1000");
        long start = Stopwatch.GetTimestamp();
        (int exitCode, _, ResultRun results) = bundle.Run();
        Assert.Multiple(() =>
        {
            Assert.That(Stopwatch.GetElapsedTime(start).TotalSeconds, Is.LessThan(60));
            Assert.That(exitCode, Is.EqualTo(1));
            Assert.That(Statuses(results, ResultStatus.Timeout), Is.EqualTo((string[])["verify"]));
            Assert.That(Step(results, "verify").Reason, Is.EqualTo("did not end within its 7 s"));
            Assert.That(Step(results, "benchmark").Status, Is.EqualTo(ResultStatus.Ok));
            Assert.That(Step(results, "report").Status, Is.EqualTo(ResultStatus.Ok));
        });
    }

    [Test]
    public void A_driver_that_hangs_is_a_failure_and_not_a_missing_device()
    {
        using FakeBundle bundle = new();
        bundle.Tool("nvidia-smi", "exec sleep 1000");
        (int exitCode, _, ResultRun results) = bundle.Run();
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(Statuses(results, ResultStatus.Timeout), Is.EqualTo((string[])["machine"]));
    }

    [Test]
    public void A_peer_that_is_slow_is_no_failure_of_ours()
    {
        using FakeBundle bundle = new();
        bundle.Tool("python3", "[ \"$1\" = -c ] || exec sleep 1000");
        (int exitCode, _, ResultRun results) = bundle.Run();
        Assert.That(Step(results, "torch").Status, Is.EqualTo(ResultStatus.Timeout));
        Assert.That(exitCode, Is.Zero);
    }

    [Test]
    public void A_benchmark_that_dies_leaves_what_it_had_measured()
    {
        using FakeBundle bundle = new();
        bundle.Program("NativeAttention.DeviceBenchmarks", """
            while [ "$1" != --out ]; do shift; done
            printf '{"kind":"run","schema":1,"date":"2026-01-02T03:04:05Z","commit":"c","machine":"m","device":"D","mode":"full"}\n' >>"$2"
            printf '{"kind":"ceiling","name":"read","value":5,"unit":"GB/s"}\n{"kind":"ceil' >>"$2"
            kill -KILL $$
            """);
        (int exitCode, _, ResultRun results) = bundle.Run();
        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.EqualTo(1));
            Assert.That(Step(results, "benchmark").Reason, Does.StartWith("exit code 137"));
            Assert.That(results.Run.Device, Is.EqualTo("D"));
            Assert.That(results.Ceilings.First().Value, Is.EqualTo(5));
        });
    }

    [TestCase("========= ERROR SUMMARY: 3 errors", 1, ResultStatus.Failed, "exit code 1: 3 errors")]
    [TestCase("========= Error: device not supported", 0, ResultStatus.Skipped,
        "compute-sanitizer does not work here: ========= Error: device not supported")]
    public void A_sanitizer_counts_only_when_it_works(string says, int exitCode, object status, string reason)
    {
        using FakeBundle bundle = new();
        bundle.Tool("compute-sanitizer", $"[ \"$2\" = racecheck ] && echo 'RACECHECK SUMMARY: (0 errors)' || echo '{says}'");
        (int code, _, ResultRun results) = bundle.Run();
        Assert.That(code, Is.EqualTo(exitCode));
        Assert.That((Step(results, "memcheck").Status, Step(results, "memcheck").Reason), Is.EqualTo((status, reason)));
    }

    [Test]
    public void Kernels_that_the_assembler_refuses_are_a_failure_and_the_others_are_told()
    {
        using FakeBundle bundle = new();
        bundle.Tool("ptxas", """
            [ "$1" != --version ] || exit 0
            case "$3" in */b.ptx) echo 'ptxas fatal: no'; exit 255 ;; esac
            echo "Compiling entry function 'k' for Used 1 registers"
            """);
        (int exitCode, string output, ResultRun results) = bundle.Run();
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(Step(results, "ptxas").Status, Is.EqualTo(ResultStatus.Failed));
        Assert.That(results.Kernels.Select(k => k.Name), Is.EqualTo((string[])["k"]));
        Assert.That(output, Does.Contain("b.ptx: ptxas refuses it for sm_90"));
    }

    [Test]
    public void A_signal_ends_the_run_with_a_report_of_what_there_is()
    {
        using FakeBundle bundle = new();
        bundle.Nattn(verify: "exec sleep 1000");
        Script run = bundle.Start(bundle.Out);
        run.WaitFor("== verify");
        run.Terminate();
        (int exitCode, string output) = run.Wait();
        ResultRun results = bundle.Results();
        Assert.Multiple(() =>
        {
            Assert.That(exitCode, Is.EqualTo(1));
            Assert.That(Step(results, "tests").Status, Is.EqualTo(ResultStatus.Ok));
            Assert.That(Step(results, "verify").Reason, Is.EqualTo("stopped by a signal"));
            Assert.That(Step(results, "benchmark").Status, Is.EqualTo(ResultStatus.Skipped));
            Assert.That(output.TrimEnd(), Does.EndWith("the short table"));
        });
    }

    [TestCase("", "OUTDIR is missing")]
    [TestCase("out --total soon", "--total is 'soon'; allowed is a number of seconds")]
    [TestCase("out --totl 5", "there is no option --totl")]
    [TestCase("out more", "one OUTDIR, not also 'more'")]
    [TestCase("/proc/no/such", "OUTDIR '/proc/no/such' cannot be made")]
    public void Bad_usage_is_named(string arguments, string message)
    {
        using FakeBundle bundle = new();
        (int exitCode, string output) =
            bundle.Start(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Wait();
        Assert.That(exitCode, Is.EqualTo(2));
        Assert.That(output, Does.Contain("run.sh: " + message).And.Contains("run.sh OUTDIR [--total SECONDS]"));
    }

    private static StepLine Step(ResultRun results, string name) => results.Steps.Single(s => s.Name == name);

    private static string[] Statuses(ResultRun results, ResultStatus status) =>
        [.. results.Steps.Where(s => s.Status == status).Select(s => s.Name)];
}
