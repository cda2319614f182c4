using System.Globalization;
using NativeAttention.Bindings;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Tests.Npy;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary>
/// Every documented failure of <c>nattn run</c>: its message, its exit code, and no trace in the folder.
/// </summary>
public class RunFailureTests
{
    private TempFolder _folder = null!;
    private string[] _before = [];

    [SetUp]
    public void MakeGoodInputs()
    {
        _folder = new TempFolder();
        _folder.WriteRamp("q.npy", 1, 3, 4, 8);
        _folder.WriteRamp("k.npy", 1, 5, 2, 8);
        _folder.WriteRamp("v.npy", 1, 5, 2, 6);
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void The_good_inputs_are_good()
    {
        ToolResult result = Run();
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(File.Exists(_folder["o.npy"]));
    }

    [TestCase("k.npy", new long[] { 2, 5, 2, 8 }, "--key k.npy: batch is 2 (shape [2, 5, 2, 8]); "
        + "allowed is 1, as in --query q.npy (shape [1, 3, 4, 8])")]
    [TestCase("v.npy", new long[] { 2, 5, 2, 8 },
        "--value v.npy: batch is 2 (shape [2, 5, 2, 8]); allowed is 1")]
    [TestCase("v.npy", new long[] { 1, 4, 2, 8 }, "--value v.npy: sequence length is 4 (shape [1, 4, 2, 8]); "
        + "allowed is 5, as in --key k.npy")]
    [TestCase("v.npy", new long[] { 1, 5, 3, 8 },
        "--query q.npy has 4 heads; allowed is a multiple of the 3 of --value v.npy")]
    [TestCase("v.npy", new long[] { 1, 5, 0, 8 },
        "--value v.npy: number of heads is 0 (shape [1, 5, 0, 8]); at least 1 is needed")]
    [TestCase("k.npy", new long[] { 1, 5, 2, 7 }, "--key k.npy: head dim is 7 (shape [1, 5, 2, 7]); "
        + "allowed is 8, as in --query q.npy")]
    [TestCase("q.npy", new long[] { 1, 3, 5, 8 },
        "--query q.npy has 5 heads; allowed is a multiple of the 2 of --key k.npy")]
    [TestCase("q.npy", new long[] { 1, 3, 0, 8 },
        "--query q.npy: number of heads is 0 (shape [1, 3, 0, 8]); at least 1 is needed")]
    [TestCase("v.npy", new long[] { 1, 5, 2, 0 },
        "--value v.npy: head dim is 0 (shape [1, 5, 2, 0]); at least 1 is needed")]
    [TestCase("q.npy", new long[] { 3, 8 },
        "--query q.npy: shape [3, 8] has 2 axes; allowed are 4, or 3 without the batch axis")]
    [TestCase("q.npy", new long[] { 1, 1, 3, 4, 8 }, "--query q.npy: shape [1, 1, 3, 4, 8] has 5 axes")]
    [TestCase("k.npy", new long[] { 5, 2, 8 },
        "--key k.npy: shape [5, 2, 8] has 3 axes; --query q.npy has 4, "
        + "and all three must have the same number")]
    public void Shapes_that_do_not_fit_are_refused(string name, long[] shape, string message)
    {
        _folder.WriteRamp(name, shape);
        AssertRefused(ExitCodes.BadInput, message);
    }

    [Test]
    public void Heads_and_sequence_trade_places_with_the_layout() =>
        AssertRefused(ExitCodes.BadInput,
            "--query q.npy has 3 heads; allowed is a multiple of the 5 of --key k.npy",
            "--layout", "bhsd");

    [Test]
    public void A_dtype_attention_does_not_take_is_refused()
    {
        _folder.Write<double>("v.npy", new double[60], 1, 5, 2, 6);
        AssertRefused(ExitCodes.BadInput, "--value v.npy: dtype is float64; allowed are float32 and float16");
    }

    [Test]
    public void Mixed_dtypes_are_refused()
    {
        _folder.Write<Half>("k.npy", new Half[80], 1, 5, 2, 8);
        AssertRefused(ExitCodes.BadInput,
            "--key k.npy: dtype is float16; --query q.npy has float32, and all three must have the same");
    }

    [Test]
    public void A_missing_file_is_refused()
    {
        File.Delete(_folder["k.npy"]);
        AssertRefused(ExitCodes.BadInput, "--key k.npy: there is no such file");
    }

    [Test]
    public void A_file_in_a_missing_folder_is_refused()
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "run", "--query", _folder["no/q.npy"],
            "--key", _folder["k.npy"], "--value", _folder["v.npy"], "--output", _folder["o.npy"]);
        result.AssertFailed(ExitCodes.BadInput, "no/q.npy: there is no such file");
    }

    [Test]
    public void A_folder_is_not_an_input()
    {
        File.Delete(_folder["k.npy"]);
        Directory.CreateDirectory(_folder["k.npy"]);
        AssertRefused(ExitCodes.BadInput, "--key k.npy: cannot be read: it is a folder");
    }

    [Test]
    public void A_file_that_is_no_npy_file_is_refused()
    {
        File.WriteAllText(_folder["q.npy"], "0.5 0.25 0.125");
        AssertRefused(ExitCodes.BadInput, "--query q.npy: not a .npy file");
    }

    [Test]
    public void A_truncated_file_is_refused()
    {
        File.WriteAllBytes(_folder["q.npy"],
            NpyFile.Build(NpyFile.Header("<f4", "(1, 3, 4, 8)"), new byte[383]));
        AssertRefused(ExitCodes.BadInput,
            "--query q.npy: truncated: shape [1, 3, 4, 8] of float32 needs 384 bytes "
            + "of data, the file has 383");
    }

    [TestCase("fp16", 70000f, "--compute fp16 allows magnitudes up to 65504")]
    [TestCase("bf16", 3.4e38f, "--compute bf16 allows magnitudes up to 3.3895314E+38")]
    public void Values_beyond_the_type_to_compute_in_are_refused(string compute, float value, string message)
    {
        float[] values = new float[60];
        values[17] = -value;
        _folder.Write<float>("v.npy", values, 1, 5, 2, 6);
        AssertRefused(ExitCodes.BadInput, "--value v.npy: element 17 of [1, 5, 2, 6] is "
            + $"{(-value).ToString("R", CultureInfo.InvariantCulture)}; {message}", "--compute", compute);
    }

    [Test]
    public void Bfloat16_does_not_go_with_float16_files()
    {
        _folder.Write<Half>("q.npy", new Half[96], 1, 3, 4, 8);
        _folder.Write<Half>("k.npy", new Half[80], 1, 5, 2, 8);
        _folder.Write<Half>("v.npy", new Half[60], 1, 5, 2, 6);
        AssertRefused(ExitCodes.BadInput, "--compute is 'bf16' and the files are float16", "--compute",
            "bf16");
    }

    [TestCase(new[] { "--scale", "nan" }, "--scale is 'nan'; allowed are finite numbers")]
    [TestCase(new[] { "--scale", "1e99" }, "--scale is '1e99'; allowed are finite numbers")]
    [TestCase(new[] { "--scale", "1,5" }, "--scale is '1,5'; allowed are finite numbers")]
    [TestCase(new[] { "--layout", "sbhd" }, "--layout is 'sbhd'; allowed are bshd, bhsd")]
    [TestCase(new[] { "--compute", "fp8" }, "--compute is 'fp8'; allowed are bf16, fp16, fp32")]
    [TestCase(new[] { "--causal", "--causal-top-left" }, "--causal and --causal-top-left exclude each other")]
    [TestCase(new[] { "--device", "gpu" },
        "--device is 'gpu'; allowed are cpu, emulator, cuda:0, cuda:1, ...")]
    [TestCase(new[] { "--device", "cuda:-1" }, "--device is 'cuda:-1'; allowed are")]
    [TestCase(new[] { "--device", "cuda:" }, "--device is 'cuda:'; allowed are")]
    [TestCase(new[] { "--colour" }, "Unrecognized command or argument '--colour'")]
    [TestCase(new[] { "--lse" }, "Required argument missing for option: '--lse'")]
    public void Bad_usage_is_refused(string[] arguments, string message) =>
        AssertRefused(ExitCodes.BadInput, message, arguments);

    [Test]
    public void A_required_option_that_is_missing_is_named()
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "run", "--query", "q.npy", "--key", "k.npy");
        result.AssertFailed(ExitCodes.BadInput,
            "Option '--value' is required; Option '--output' is required");
    }

    [TestCase("--output", "q.npy", "--output and --query are the same file 'q.npy'")]
    [TestCase("--output", "./v.npy", "--output and --value are the same file 'v.npy'")]
    [TestCase("--lse", "k.npy", "--lse and --key are the same file 'k.npy'")]
    [TestCase("--lse", "o.npy", "--lse and --output are the same file 'o.npy'")]
    [TestCase("--lse", "missing/l.npy", "--lse is 'missing/l.npy', but the folder 'missing' does not exist")]
    [TestCase("--lse", ".", "which is a folder; the name of a file is needed")]
    [TestCase("--lse", "/dev/null", "--lse is '/dev/null', which is not a regular file")]
    public void Outputs_that_cannot_be_are_refused(string option, string path, string message)
    {
        string full = path.StartsWith('/') ? path : Path.Combine(_folder.Path, path);
        AssertRefused(ExitCodes.BadInput, message,
            option == "--output" ? ["--output=" + full] : [option, full]);
    }

    [Test]
    public void An_output_that_links_to_an_input_is_refused()
    {
        File.CreateSymbolicLink(_folder["link.npy"], _folder["q.npy"]);
        AssertRefused(ExitCodes.BadInput, "--output and --query are the same file",
            "--output=" + _folder["link.npy"]);
    }

    [Test]
    public void Links_that_lead_to_each_other_are_refused_by_the_name_of_the_option()
    {
        File.CreateSymbolicLink(_folder["a.npy"], _folder["b.npy"]);
        File.CreateSymbolicLink(_folder["b.npy"], _folder["a.npy"]);
        foreach (string option in (string[])["--query", "--output"])
        {
            ToolResult result = RunWith(option, _folder["a.npy"]);
            result.AssertFailed(ExitCodes.BadInput, $"nattn: {option} is '{_folder["a.npy"]}'");
            Assert.That(result.Error, Does.Contain("cannot be followed"));
        }
    }

    [TestCase("--query")]
    [TestCase("--value")]
    [TestCase("--output")]
    [TestCase("--lse")]
    public void An_empty_name_is_refused_by_the_name_of_the_option(string option) =>
        RunWith(option, "").AssertFailed(ExitCodes.BadInput,
            $"nattn: {option} is empty; the name of a file is needed");

    [Test]
    public void An_output_in_a_folder_that_links_to_that_of_an_input_is_refused()
    {
        using TempFolder other = new();
        Directory.CreateSymbolicLink(other["here"], _folder.Path);
        AssertRefused(ExitCodes.BadInput, "--output and --query are the same file",
            "--output=" + Path.Combine(other["here"], "q.npy"));
    }

    [TestCase("cuda:0", "device cuda:0 is not available: there is no driver")]
    [TestCase("cuda:7", "device cuda:7 is not available: there is no such device")]
    public void A_device_that_is_not_there_is_refused(string device, string message) =>
        AssertRefused(ExitCodes.NotAvailable, message, "--device", device);

    [Test]
    public void An_unknown_rung_is_refused_with_the_reason_of_the_backend() =>
        AssertRefused(ExitCodes.NotAvailable, "device cpu cannot run this problem: there is no rung 'best'",
            "--rung", "best");

    [Test]
    public void A_backend_that_refuses_gives_its_reason() =>
        AssertFails(FakeDevices.WithCpu(new ReferenceBackend("cpu") { Refusal = "too large" }),
            ExitCodes.NotAvailable, "device cpu cannot run this problem: too large");

    [Test]
    public void A_failure_while_running_is_code_4() =>
        AssertFails(Failing(new InvalidOperationException("a\nb")), ExitCodes.Failure, "InvalidOperationException: a b");

    [Test]
    public void A_fault_of_the_device_is_code_4_with_what_was_found() =>
        AssertFails(Failing(new CudaException(CudaResult.LaunchFailed, "cuLaunchKernel", 0, "race in line 7")),
            ExitCodes.Failure,
            "nattn: cuLaunchKernel failed on device 0: CUDA_ERROR_LAUNCH_FAILED (719). race in line 7");

    [Test]
    public void Running_out_of_memory_is_code_4() =>
        AssertFails(Failing(new InsufficientMemoryException("no room")), ExitCodes.Failure, "out of memory: no room");

    [Test]
    public void A_file_that_cannot_be_written_is_code_4() =>
        AssertRefused(ExitCodes.Failure, "", "--output=" + _folder[new string('o', 300)]);

    [Test]
    public void The_environment_variable_is_checked_too()
    {
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), "tpu", Arguments());
        result.AssertFailed(ExitCodes.BadInput,
            "NATTN_DEVICE is 'tpu'; allowed are cpu, emulator, cuda:0, cuda:1, ...");
    }

    [Test]
    public void A_failure_with_json_is_a_document_too()
    {
        ToolResult result = Run("--device", "gpu", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.BadInput));
        Assert.That(result.Json.GetProperty("command").GetString(), Is.EqualTo("run"));
        Assert.That(result.Json.GetProperty("exitCode").GetInt32(), Is.EqualTo(ExitCodes.BadInput));
        Assert.That(result.Json.GetProperty("error").GetString(), Is.EqualTo(
            "--device is 'gpu'; allowed are cpu, emulator, cuda:0, cuda:1, ..."));
        Assert.That(result.Error, Does.StartWith("nattn: --device is 'gpu'"));
    }

    [Test]
    public void Verbose_adds_the_stack_trace()
    {
        ToolResult result = Run("--device", "gpu", "--verbose");
        Assert.That(result.Error, Does.Contain("   at NativeAttention.Tool."));
    }

    private static FakeDevices Failing(Exception failure) =>
        FakeDevices.WithCpu(new ReferenceBackend("cpu") { Failure = failure });

    private void AssertRefused(int exitCode, string message, params string[] more) =>
        AssertFails(FakeDevices.WithCpu(), exitCode, message, more);

    // Both outputs exist before: a failure must leave them, and everything else in the folder, as they were.
    private void AssertFails(FakeDevices devices, int exitCode, string message, params string[] more)
    {
        foreach (bool existing in new[] { false, true })
        {
            if (existing)
            {
                File.WriteAllText(_folder["o.npy"], "old output");
                File.WriteAllText(_folder["l.npy"], "old lse");
            }

            _before = Snapshot();
            ToolResult result = ToolResult.Of(devices, Arguments(more));
            Assert.That(Snapshot(), Is.EqualTo(_before), "a failure leaves no output and no temporary");
            string shown = result.Error.Replace(_folder.Path + "/", "", StringComparison.Ordinal)
                .Replace(_folder.Path, "", StringComparison.Ordinal);
            (result with { Error = shown }).AssertFailed(exitCode, message);
        }
    }

    private string[] Snapshot() =>
        [.. Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal)
            .Select(f => $"{f} {Convert.ToHexString(File.ReadAllBytes(f))}")];

    private ToolResult Run(params string[] more) => ToolResult.Of(FakeDevices.WithCpu(), Arguments(more));

    // The good call with the value of one option replaced.
    private ToolResult RunWith(string option, string value)
    {
        string[] arguments = Arguments();
        arguments[Array.IndexOf(arguments, option) + 1] = value;
        return ToolResult.Of(FakeDevices.WithCpu(), arguments);
    }

    // An option given in more replaces the default one.
    private string[] Arguments(params string[] more)
    {
        List<string> arguments = ["run", "--query", _folder["q.npy"], "--key", _folder["k.npy"], "--value",
            _folder["v.npy"]];
        if (!more.Any(m => m.StartsWith("--output=", StringComparison.Ordinal)))
        {
            arguments.AddRange(["--output", _folder["o.npy"]]);
        }

        if (!more.Contains("--lse"))
        {
            arguments.AddRange(["--lse", _folder["l.npy"]]);
        }

        return [.. arguments, .. more];
    }
}
