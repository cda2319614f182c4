using NativeAttention.Emulation;

namespace NativeAttention.Cuda.Tests;

public sealed class CudaBackendTests
{
    [Test]
    public void The_emulator_is_a_backend()
    {
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver);
        AttentionProblem problem = AttentionProblem.Create(ElementType.Float16,
            new AttentionShape(1, 2, 3, 4, 2, 64), AttentionOptions.Causal);
        Assert.Multiple(() =>
        {
            Assert.That(backend.Name, Is.EqualTo("emulator"));
            Assert.That(backend.Description,
                Does.Contain("compute capability 8.0").And.Contains("MiB").And.Contains("CUDA"));
            Assert.That(backend.CanRun(problem, out string? reason), Is.True, reason);
            Assert.That(backend.Device.IsEmulated, Is.True);
            Assert.That(backend.Device.TotalMemory, Is.GreaterThan(1L << 30));
            Assert.That(backend.Device.ComputeCapability, Is.EqualTo(new Version(8, 0)));
            Assert.That(backend.Device.DriverVersion, Is.GreaterThanOrEqualTo(new Version(11, 4)));
        });
    }

    [Test]
    public void What_it_cannot_run_is_refused_with_the_reason()
    {
        using CudaBackend backend = OpenTestDevice();
        AttentionProblem problem = AttentionProblem.Create(
            ElementType.Float32, new AttentionShape(1, 2, 3, 4, 2, 300), AttentionOptions.Default);
        Assert.That(backend.CanRun(problem, out string? reason), Is.False);
        Assert.That(reason, Does.Contain("head dim 300").And.Contains("1 to 256"));
        NotSupportedException refusal = Assert.Throws<NotSupportedException>(() =>
            backend.PlanHost<float>(problem))!;
        Assert.That(refusal.Message, Does.Contain(reason));
    }

    [Test]
    public void An_absent_device_is_named()
    {
        int absent = EmulatedDriver.DeviceCount + 1000;
        ArgumentOutOfRangeException refusal =
            Assert.Throws<ArgumentOutOfRangeException>(() =>
            CudaBackend.Open(EmulatedDriver.Driver, absent))!;
        Assert.That(refusal.Message, Does.Contain($"no device {absent}"));
        Assert.That(() => CudaBackend.Open(EmulatedDriver.Driver, -1),
            Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Without_a_driver_the_backend_is_not_there_and_says_why()
    {
        if (!TestDevice.IsEmulated || NativeAttention.Bindings.CudaDriver.TryLoad(out _,
            out string? expected))
        {
            Assert.Ignore("This machine has a CUDA driver.");
            return;
        }

        using RecordingLoggers loggers = new();
        Assert.That(CudaBackend.TryOpen(loggers), Is.Null);
        Assert.That(CudaBackend.TryOpen(0, null, out CudaBackend? backend, out string? reason), Is.False);
        Assert.That(backend, Is.Null);
        Assert.That(reason, Is.EqualTo(expected));
        Assert.That(loggers.Lines, Has.Some.Contains("cuda:0: not available: " + expected));
        Assert.That(() => CudaBackend.Open(),
            Throws.TypeOf<NotSupportedException>().With.Message.EqualTo(expected));
        Assert.That(() => CudaDevice.Open(),
            Throws.TypeOf<NotSupportedException>().With.Message.EqualTo(expected));
    }

    [Test]
    public void The_log_tells_device_kernel_and_module()
    {
        using RecordingLoggers loggers = new();
        string device;
        using (CudaBackend backend = OpenTestDevice(loggers))
        {
            device = backend.Name;
            using AttentionPlan<Half> plan =
                backend.Device.Plan<Half>(new AttentionShape(1, 2, 3, 4, 2, 40), AttentionOptions.Causal);
        }

        Assert.Multiple(() =>
        {
            Assert.That(loggers.Lines, Has.Some.Match(
                $"^Information: {device}: opened .* compute capability \\d"));
            Assert.That(loggers.Lines, Has.Some.Match(
                $"^Information: {device}: Float16 attention .*mask causal.* runs on "
                + "na_dense_tiled_f16_d64_sm80: rung 'tiled' by default"));
            Assert.That(loggers.Lines, Has.Some.Match(
                $@"^Information: {device}: loaded module na_dense_f16_d64_sm80 in [\d.]+ ms"));
            Assert.That(loggers.Lines, Has.None.Contains("Warning"));
        });
    }

    [Test]
    public void Warnings_of_the_driver_about_serialised_code_are_warnings_here()
    {
        using RecordingLoggers loggers = new();
        DeviceJournal journal = new("cuda:0", loggers);
        journal.CompilerMessage("m", "ptxas info : Potential Performance Loss: wgmma.mma_async (C7510)");
        journal.CompilerMessage("m", "info    : 0 bytes gmem");
        journal.CompilerMessage("m", "");
        Assert.That(loggers.Lines, Is.EqualTo(new[]
        {
            "Warning: cuda:0: driver warns on module m: ptxas info : Potential Performance Loss: "
                + "wgmma.mma_async (C7510)",
            "Debug: cuda:0: driver on module m: info    : 0 bytes gmem",
        }));
    }

    [Test]
    public void A_runtime_runs_on_it()
    {
        using AttentionRuntime runtime = new([null, OpenTestDevice()]);
        NativeAttention.Testing.AttentionCase test = new(
            ElementType.Float32, new AttentionShape(1, 7, 11, 2, 1, 24), AttentionOptions.Causal, seed: 9);
        NativeAttention.Testing.AttentionBuffers<float> x = test.Allocate<float>();
        runtime.Attend<float>(x.Query, x.Key, x.Value, x.Output, test.Shape, test.Options, x.Lse);
        test.Check(x);
    }

    private static CudaBackend OpenTestDevice(RecordingLoggers? loggers = null) =>
        CudaBackend.Open(TestDevice.Driver, TestDevice.NewOrdinal(EmulatorOptions.Default), loggers);
}
