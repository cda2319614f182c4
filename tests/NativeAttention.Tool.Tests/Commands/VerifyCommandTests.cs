using System.Text.Json;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary><c>nattn verify</c> and <c>demo</c> on backends that are right, wrong, or do not run.</summary>
public class VerifyCommandTests
{
    private const int CasesOfOneKernel = 9;

    // The problems of the demo are smaller on the emulator; a fake of that name keeps the tests fast.
    private static FakeDevices Emulator(ReferenceBackend? backend = null) =>
        new FakeDevices().With(backend ?? new ReferenceBackend("emulator"));

    [TestCase("verify", 3 * CasesOfOneKernel)]
    [TestCase("demo", 3)]
    public void A_backend_that_is_right_passes(string command, int cases)
    {
        ToolResult result = ToolResult.Of(Emulator(), command, "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Out);
        Assert.That(result.Json.GetProperty("passed").GetInt32(), Is.EqualTo(cases));
        Assert.That(result.Json.GetProperty("failed").GetInt32(), Is.Zero);
        Assert.That(result.Json.GetProperty("seed").GetInt32(), Is.EqualTo(1));
        JsonElement[] list = [.. result.Json.GetProperty("cases").EnumerateArray()];
        Assert.That(list, Has.Length.EqualTo(cases));
        Assert.That(list.Select(c => c.GetProperty("elementType").GetString()).Distinct(),
            Is.EqualTo(new[] { "fp32", "fp16", "bf16" }));
        foreach (JsonElement c in list)
        {
            Assert.That(c.GetProperty("maxError").GetDouble(),
                Is.LessThanOrEqualTo(c.GetProperty("bound").GetDouble()));
            Assert.That(c.GetProperty("failure").ValueKind, Is.EqualTo(JsonValueKind.Null));
        }
    }

    [Test]
    public void Quick_runs_two_cases_of_every_kernel()
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "verify", "--quick", "--json");
        Assert.That(result.Json.GetProperty("passed").GetInt32(), Is.EqualTo(6));
    }

    [Test]
    public void Kernels_are_checked_on_the_modifiers_they_know()
    {
        ToolResult result = ToolResult.Of(new SystemDevices(), "verify", "--device", "cpu", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Out);
        JsonElement[] all = [.. result.Json.GetProperty("cases").EnumerateArray()];
        foreach (string rung in new[] { "reference", "tiled" })
        {
            string[] cases = [.. all.Where(c => c.GetProperty("rung").GetString() == rung)
                .Select(c => c.GetProperty("case").GetString()!).Distinct()];
            Assert.That(cases, Is.SupersetOf(
                new[] { "window, soft cap", "bias, mask", "slopes, sinks, weights, gates", "key lengths" }));
        }
    }

    [Test]
    public void Every_rung_of_every_family_of_the_processor_is_checked()
    {
        ToolResult result = ToolResult.Of(new SystemDevices(), "verify", "--device", "cpu", "--quick", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Out);
        string[] kernels = [.. result.Json.GetProperty("cases").EnumerateArray()
            .Select(c => c.GetProperty("kernel").GetString()!)];
        foreach (string type in new[] { "f32", "f16", "bf16" })
        {
            // Maps have a stencil where the processor has vectors.
            foreach (string rung in new[] { "map_reference", "map_tiled", "backward_reference", "backward_tiled" })
            {
                Assert.That(kernels.Count(k => k.StartsWith($"na_cpu_{rung}_{type}", StringComparison.Ordinal)),
                    Is.EqualTo(4), "two cases of two head dims");
            }
        }
    }

    [Test]
    public void What_a_kernel_does_not_know_is_counted_and_no_failure()
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "verify");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Out);
        Assert.That(result.Out,
            Does.Contain($"\n{3 * CasesOfOneKernel} passed, 0 failed, 12 not supported by their kernel"));
    }

    [Test]
    public void A_seed_changes_the_input()
    {
        double First(string seed) =>
            ToolResult.Of(FakeDevices.WithCpu(), "verify", "--quick", "--json", "--seed", seed)
            .Json.GetProperty("cases")[2].GetProperty("maxError").GetDouble();
        double first = First("1"), again = First("1"), other = First("2");
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [TestCase("verify")]
    [TestCase("demo")]
    public void An_output_that_is_wrong_fails(string command)
    {
        // 0.05 is beyond every bound, also that of bfloat16, in every case of ordinary inputs
        FakeDevices devices = Emulator(new ReferenceBackend("emulator") { Error = 0.05 });
        ToolResult result = ToolResult.Of(devices, command, "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(result.Json.GetProperty("passed").GetInt32(), Is.Zero);
        ToolResult text = ToolResult.Of(devices, command);
        Assert.That(text.Out,
            Does.Contain("FAILED emulator reference_BFloat16").And.Contain("(seed 1): output error"));
        Assert.That(text.Out, Does.Contain(" 0 passed,").Or.Contain("\n0 passed,"));
    }

    [Test]
    public void A_log_sum_exp_that_is_wrong_fails()
    {
        FakeDevices devices = Emulator(new ReferenceBackend("emulator") { LseError = 0.002f });
        ToolResult result = ToolResult.Of(devices, "demo");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(result.Out, Does.Contain("log-sum-exp error 2.0e-03 (allowed"));
    }

    [Test]
    public void An_output_that_is_not_written_fails_although_it_should_be_zero()
    {
        FakeDevices devices = Emulator(new ReferenceBackend("emulator") { SkipsEmptyRows = true });
        ToolResult result = ToolResult.Of(devices, "verify", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        string[] failed = [.. result.Json.GetProperty("cases").EnumerateArray()
            .Where(c => !c.GetProperty("passed").GetBoolean())
            .Select(c => c.GetProperty("case").GetString()!).Distinct()];
        Assert.That(failed, Is.EqualTo(new[] { "rows without keys", "no keys" }));
    }

    [Test]
    public void A_kernel_that_fails_does_not_keep_the_others_from_running()
    {
        FakeDevices devices = FakeDevices.WithCpu(
            new ReferenceBackend("cpu") { Failure = new InvalidOperationException("launch failed") });
        ToolResult result = ToolResult.Of(devices, "verify", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(result.Json.GetProperty("failed").GetInt32(), Is.EqualTo(3 * CasesOfOneKernel));
        Assert.That(result.Json.GetProperty("cases")[0].GetProperty("failure").GetString(),
            Is.EqualTo("InvalidOperationException: launch failed"));
        Assert.That(result.Json.GetProperty("cases")[0].GetProperty("maxError").GetString(),
            Is.EqualTo("NaN"));
    }

    [Test]
    public void A_fault_that_takes_the_device_costs_one_case_only()
    {
        FakeDevices devices = Emulator(new ReferenceBackend("emulator") { FaultsOnce = true });
        ToolResult result = ToolResult.Of(devices, "verify", "--quick");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(result.Out, Does.Contain("grouped heads (seed 1): cuLaunchKernel failed on device 0: "
            + "CUDA_ERROR_ILLEGAL_ADDRESS (700). out of bounds\n"));
        Assert.That(result.Out, Does.Contain("\n5 passed, 1 failed"));
    }

    [Test]
    public void A_backend_that_refuses_a_kernel_of_its_own_fails()
    {
        FakeDevices devices = FakeDevices.WithCpu(new ReferenceBackend("cpu") { Refusal = "not today" });
        ToolResult result = ToolResult.Of(devices, "verify", "--quick");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(result.Out, Does.Contain("(seed 1): not today"));
    }

    [Test]
    public void A_plan_that_takes_another_kernel_fails()
    {
        FakeDevices devices = FakeDevices.WithCpu(new ReferenceBackend("cpu") { Kernel = "other" });
        ToolResult result = ToolResult.Of(devices, "verify", "--quick");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(result.Out, Does.Contain("(seed 1): the plan chose other"));
    }

    [Test]
    public void Every_available_device_is_checked_and_the_others_are_named()
    {
        FakeDevices devices = FakeDevices.WithCpu().With(new ReferenceBackend("emulator"));
        ToolResult result = ToolResult.Of(devices, "verify", "--quick");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Out);
        Assert.That(result.Out, Does.Match(@"cuda:0 +not available +there is no driver"));
        Assert.That(result.Out,
            Does.Match(@"cpu +reference_Float32").And.Match(@"emulator +reference_Float32"));
        Assert.That(result.Out, Does.Contain("\n12 passed, 0 failed"));
    }

    [Test]
    public void One_device_can_be_chosen()
    {
        FakeDevices devices = FakeDevices.WithCpu().With(new ReferenceBackend("emulator"));
        string[] Checked(ToolResult r) =>
            [.. r.Json.GetProperty("cases").EnumerateArray()
                .Select(c => c.GetProperty("device").GetString()!).Distinct()];
        Assert.That(Checked(ToolResult.Of(devices, "verify", "--quick", "--json", "--device", "emulator")),
            Is.EqualTo(new[] { "emulator" }));
        Assert.That(Checked(ToolResult.Of(devices, "cpu", ["verify", "--quick", "--json"])),
            Is.EqualTo(new[] { "cpu" }));
        Assert.That(Checked(ToolResult.Of(devices, "cpu",
            ["verify", "--quick", "--json", "--device", "emulator"])),
            Is.EqualTo(new[] { "emulator" }), "the option wins over the environment");
    }

    [Test]
    public void A_chosen_device_that_is_not_available_is_a_failure() =>
        ToolResult.Of(FakeDevices.WithCpu(), "verify", "--device", "cuda:0")
            .AssertFailed(ExitCodes.NotAvailable, "device cuda:0 is not available: there is no driver");

    [TestCase("verify")]
    [TestCase("demo")]
    public void A_check_of_nothing_is_a_failure(string command) =>
        ToolResult.Of(new FakeDevices().Without("cpu", "gone"), command)
            .AssertFailed(ExitCodes.NotAvailable, "there is no kernel to check");

    [Test]
    public void Progress_counts_every_case()
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "verify", "--quick", "--progress", "--json");
        string[] lines = result.Error.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(6));
        Assert.That(lines[0], Is.EqualTo("[1/6] cpu reference_Float32: grouped heads"));
        Assert.That(lines[5], Does.StartWith("[6/6] cpu reference_BFloat16: "));
        Assert.That(result.Json.GetProperty("exitCode").GetInt32(), Is.Zero);
    }
}
