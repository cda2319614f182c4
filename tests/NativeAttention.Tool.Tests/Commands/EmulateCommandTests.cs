using System.Text.Json;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary><c>nattn emulate</c>: any PTX with files and numbers for arguments; findings by exit code.</summary>
public class EmulateCommandTests
{
    private const string Head = ".version 7.8\n.target sm_80\n.address_size 64\n";

    // y[i] = a * x[i] + y[i] for i < n
    private const string Axpy = Head + """
        .visible .entry axpy(.param .u64 x, .param .u64 y, .param .f32 a, .param .u32 n)
        {
            .reg .pred %p<2>; .reg .b32 %r<6>; .reg .f32 %f<5>; .reg .b64 %rd<6>;
            mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x;
            mad.lo.s32 %r4, %r1, %r2, %r3;
            ld.param.u32 %r5, [n];
            setp.ge.u32 %p1, %r4, %r5;
            @%p1 bra DONE;
            ld.param.u64 %rd1, [x]; ld.param.u64 %rd2, [y]; ld.param.f32 %f1, [a];
            mul.wide.u32 %rd3, %r4, 4;
            add.s64 %rd4, %rd1, %rd3; add.s64 %rd5, %rd2, %rd3;
            ld.global.f32 %f2, [%rd4]; ld.global.f32 %f3, [%rd5];
            fma.rn.f32 %f4, %f1, %f2, %f3;
            st.global.f32 [%rd5], %f4;
        DONE:
            ret;
        }
        """;

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Files_and_numbers_are_arguments_and_an_inout_file_is_rewritten()
    {
        string x = _folder.Write<float>("x.npy", [1, 2, 3], 3);
        string y = _folder.Write<float>("y.npy", [10, 20, 30], 3);
        ToolResult result = Axpy3($"in:{x}", $"inout:{y}", "f32:0.5", "u32:3", "--schedules", "6");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error + result.Out);
        Assert.That(_folder.Read("y.npy").Values<float>(), Is.EqualTo([10.5f, 21, 31.5f]));
        Assert.That(_folder.Read("x.npy").Values<float>(), Is.EqualTo([1f, 2, 3]));
        Assert.That(result.Out, Does.Contain("y.npy: float32 [3]")
            .And.Contain("axpy on sm_80: 6 of 6 schedules without a finding").And.Not.Contain("WARNING"));
    }

    [Test]
    public void A_finding_has_its_own_code_and_leaves_the_files_alone()
    {
        string x = _folder.Write<float>("x.npy", [1, 2, 3], 3);
        string y = _folder.Write<float>("y.npy", [10, 20, 30], 3);
        ToolResult result = Axpy3($"in:{x}", $"inout:{y}", "f32:1", "u32:4", "--schedules", "2", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(_folder.Read("y.npy").Values<float>(), Is.EqualTo([10f, 20, 30]));
        JsonElement schedules = result.Json.GetProperty("schedules");
        Assert.That(schedules.GetArrayLength(), Is.EqualTo(2));
        JsonElement fault = schedules[1].GetProperty("fault");
        Assert.That(fault.GetProperty("kind").GetString(), Is.EqualTo("GlobalOutOfBounds"));
        Assert.That(fault.GetProperty("statement").GetString(), Is.EqualTo("ld.global.f32 %f2, [%rd4];"));
        Assert.That((fault.GetProperty("line").GetInt32(), fault.GetProperty("lanes").GetString()),
            Is.EqualTo((15, "0x00000008")));
        ToolResult text = Axpy3($"in:{x}", $"inout:{y}", "f32:1", "u32:4", "--seed", "5");
        Assert.That(text.Out, Does.Contain("FAULT with seed 5, warps round-robin, copies late")
            .And.Contain("k.ptx(15): ld.global.f32").And.Contain("nothing was written"));
    }

    [Test]
    public void The_parameter_block_may_come_from_a_file_with_addresses_put_into_it()
    {
        string x = _folder.Write<float>("x.npy", [1, 2], 2);
        byte[] block = new byte[24];
        BitConverter.TryWriteBytes(block.AsSpan(16), 3f);
        BitConverter.TryWriteBytes(block.AsSpan(20), 2u);
        File.WriteAllBytes(_folder["p.bin"], block);
        string y = _folder.Write<float>("y.npy", [0, 0], 2);
        ToolResult result = Axpy3("--params", _folder["p.bin"], $"in@0:{x}", $"inout@8:{y}");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(_folder.Read("y.npy").Values<float>(), Is.EqualTo([3f, 6]));
        result = Axpy3($"in@0:{x}", $"inout@8:{y}", "f32@16:-1", "u32@20:2");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error);
        Assert.That(_folder.Read("y.npy").Values<float>(), Is.EqualTo([2f, 4]));
    }

    [Test]
    public void Every_kind_of_number_arrives()
    {
        string body = Head + """
            .visible .entry k(.param .u64 o, .param .u8 a, .param .u16 b, .param .u64 c, .param .f64 d,
                .param .align 2 .b8 e[2], .param .align 2 .b8 f[2])
            {
                .reg .b16 %h<4>; .reg .b32 %r<4>; .reg .b64 %rd<4>;
                ld.param.u64 %rd1, [o];
                ld.param.u8 %h1, [a]; st.global.u8 [%rd1], %h1;
                ld.param.u16 %h1, [b]; st.global.u16 [%rd1+2], %h1;
                ld.param.u16 %h1, [e]; st.global.u16 [%rd1+4], %h1;
                ld.param.u16 %h1, [f]; st.global.u16 [%rd1+6], %h1;
                ld.param.b64 %rd2, [c]; st.global.b64 [%rd1+8], %rd2;
                ld.param.b64 %rd2, [d]; st.global.b64 [%rd1+16], %rd2;
                ret;
            }
            """;
        ToolResult result = Emulate(body, $"out:uint8:24:{_folder["o.npy"]}", "u8:0xfe", "i16:-2", "i64:-3", "f64:1.5",
            "f16:2", "bf16:-1");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error + result.Out);
        byte[] o = _folder.Read("o.npy").Values<byte>();
        Assert.That((o[0], BitConverter.ToInt16(o, 2), BitConverter.ToHalf(o, 4), BitConverter.ToUInt16(o, 6),
            BitConverter.ToInt64(o, 8), BitConverter.ToDouble(o, 16)),
            Is.EqualTo((0xFE, (short)-2, (Half)2, (ushort)0xBF80, -3L, 1.5)));
        Assert.That(result.Out, Does.Contain("the kernel left bytes unwritten"), "byte 1 is a gap");
    }

    [Test]
    public void Schedules_that_disagree_are_told()
    {
        // The last warp to come leaves its number.
        string body = Head + """
            .visible .entry k(.param .u64 o)
            {
                .reg .b32 %r<4>; .reg .b64 %rd<2>;
                ld.param.u64 %rd1, [o]; mov.u32 %r1, %tid.x; shr.u32 %r1, %r1, 5;
                atom.global.exch.b32 %r2, [%rd1], %r1;
                ret;
            }
            """;
        string o = _folder.Write<uint>("o.npy", [0], 1);
        ToolResult result = Emulate(body, "--block", "256", $"inout:{o}", "--schedules", "2", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Out);
        JsonElement output = result.Json.GetProperty("outputs")[0];
        Assert.That(output.GetProperty("isSameOnAllSchedules").GetBoolean(), Is.False);
        Assert.That(output.GetProperty("isComplete").GetBoolean());
        Assert.That(Emulate(body, "--block", "256", $"inout:{o}", "--schedules", "2").Out,
            Does.Contain("WARNING: the schedules gave different bytes"));
    }

    [Test]
    public void Text_that_does_not_load_has_its_own_code_and_lists_every_statement()
    {
        string bad = Axpy.Replace("fma.rn", "fma.up", StringComparison.Ordinal)
            .Replace("@%p1 bra DONE", "@%p1 bra GONE", StringComparison.Ordinal);
        ToolResult result = Emulate(bad, "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.LoadFailed));
        JsonElement errors = result.Json.GetProperty("errors");
        Assert.That(errors.EnumerateArray().Select(e => (e.GetProperty("line").GetInt32(),
            e.GetProperty("column").GetInt32())), Is.EqualTo(new[] { (11, 5), (16, 5) }));
        ToolResult text = Emulate(bad);
        Assert.That(text.Out, Does.Contain("k.ptx(16,5): error: unsupported instruction 'fma.up.f32'")
            .And.Contain("does not load on sm_80: 2 errors"));
    }

    [Test]
    public void The_list_names_entries_parameters_and_warnings()
    {
        string two = Axpy + "\n.visible .entry other()\n.maxntid 64, 1, 1\n{\n.local .b32 x;\nret;\n}\n";
        ToolResult result = Emulate(two, "--list", "--json");
        JsonElement entries = result.Json.GetProperty("entries");
        Assert.That(entries.EnumerateArray().Select(e => e.GetProperty("name").GetString()),
            Is.EqualTo(["axpy", "other"]));
        Assert.That(entries[0].GetProperty("parameters")[2].GetProperty("offset").GetInt32(), Is.EqualTo(16));
        Assert.That(entries[1].GetProperty("maxThreads").GetInt32(), Is.EqualTo(64));
        ToolResult text = Emulate(two, "--list");
        Assert.That(text.ExitCode, Is.EqualTo(ExitCodes.Ok));
        Assert.That(text.Out, Does.Contain("@16   .f32 a").And.Contain("bytes of local memory per thread"));
        Emulate(two).AssertFailed(ExitCodes.BadInput, "--entry is needed: k has axpy, other");
        Emulate(two, "--entry", "third").AssertFailed(ExitCodes.BadInput, "--entry is 'third'; k has axpy, other");
        Assert.That(Emulate(two, "--entry", "other").ExitCode, Is.EqualTo(ExitCodes.Ok));
    }

    [Test]
    public void The_profile_is_printed_and_in_the_document()
    {
        string x = _folder.WriteRamp("x.npy", 64);
        string y = _folder.WriteRamp("y.npy", 64);
        string[] arguments = [$"in:{x}", $"inout:{y}", "f32:1", "u32:64", "--grid", "2", "--profile"];
        JsonElement profile = Axpy3([.. arguments, "--json"]).Json.GetProperty("profile");
        JsonElement global = profile.GetProperty("global");
        Assert.That((global.GetProperty("bytesRead").GetInt64(), global.GetProperty("bytesWritten").GetInt64(),
            global.GetProperty("transactions").GetInt64(), global.GetProperty("ratio").GetDouble()),
            Is.EqualTo((512, 256, 24, 1.0)));
        Assert.That(profile.GetProperty("classes").GetProperty("Float32").GetInt64(), Is.EqualTo(2));
        Assert.That(profile.GetProperty("unexecutedStatements").GetInt32(), Is.Zero);
        Assert.That(Axpy3(arguments).Out, Does.Contain("global (sectors)").And.Contain("hottest statements"));
        Assert.That(Axpy3($"in:{x}", $"inout:{y}", "f32:1", "u32:0", "--profile").Out,
            Does.Contain("never executed: 10 statements, lines 12-17"));
    }

    [Test]
    public void Checks_can_be_left_out()
    {
        ToolResult result = Axpy3($"in:{_folder.WriteRamp("x.npy", 4)}", $"out:float32:4:{_folder["o.npy"]}", "f32:1",
            "u32:4");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.CheckFailed));
        Assert.That(result.Out, Does.Contain("UninitializedGlobal"));
        result = Axpy3($"in:{_folder["x.npy"]}", $"out:float32:4:{_folder["o.npy"]}", "f32:1", "u32:4", "--checks",
            "sharedraces,laneraces");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok));
    }

    [TestCase(new[] { "in:missing.npy", "u64:0", "f32:1", "u32:1" }, "--arg missing.npy: there is no such file")]
    [TestCase(new[] { "u64:0", "u64:0", "f32:1" }, "3 arguments are given; the entry takes 4: axpy(.u64 x")]
    [TestCase(new[] { "u64:0", "u64:0", "i32:1", "u32:1" }, "Argument 3 of 'axpy', for .f32 a: 4 bytes of an integer")]
    [TestCase(new[] { "u64:0", "i32:0", "f32:1", "u32:1" }, "4 bytes of an integer are given, the parameter has 8")]
    [TestCase(new[] { "x" }, "--arg is 'x': allowed are in:FILE.npy")]
    [TestCase(new[] { "q:1" }, "'q' is not known")]
    [TestCase(new[] { "i8:128" }, "'128' is not a whole number from -128 to 127")]
    [TestCase(new[] { "f32:abc" }, "'abc' is not a number")]
    [TestCase(new[] { "i32@x:1" }, "the offset 'x' is not a number of bytes")]
    [TestCase(new[] { "out:float32:o.npy" }, "an output is out:DTYPE:SHAPE:FILE.npy")]
    [TestCase(new[] { "out:float33:2:o.npy" }, "dtype 'float33' is not known; allowed are bool")]
    [TestCase(new[] { "out:float32:2x3:o.npy" }, "'2x3' is not a shape")]
    [TestCase(new[] { "out:float32:2:no/such/o.npy" }, "the folder")]
    [TestCase(new[] { "out:float32:99999999999:o.npy" }, "larger than 2 GiB")]
    [TestCase(new[] { "u64@0:0", "u64@4:0" }, "its 8 bytes at 4 overlap another argument")]
    [TestCase(new[] { "u64@20:0" }, "its 8 bytes at 20 do not lie in the 24 bytes of parameters")]
    [TestCase(new[] { "u64@0:0", "u64:0" }, "every argument needs its own")]
    [TestCase(new[] { "--params", "missing.bin" }, "--params missing.bin: there is no such file")]
    [TestCase(new[] { "--grid", "0" }, "--grid is '0'; allowed are one to three positive numbers")]
    [TestCase(new[] { "--block", "1,2,3,4" }, "--block is '1,2,3,4'")]
    [TestCase(new[] { "--schedules", "0" }, "--schedules is 0; allowed are whole numbers from 1")]
    [TestCase(new[] { "--checks", "15" }, "--checks is '15'; allowed are None")]
    [TestCase(new[] { "--target", "sm_10" }, "--target is 'sm_10'; allowed are sm_80")]
    [TestCase(new[] { "--shape", "1,1,1,1,1,8" }, "--shape belongs to --kernel")]
    [TestCase(new[] { "--kernel", "k" }, "either a FILE of PTX or --kernel is needed")]
    public void Bad_use_is_one_line_and_code_2(string[] arguments, string message) =>
        Axpy3(arguments).AssertFailed(ExitCodes.BadInput, message);

    [Test]
    public void Files_that_are_not_there_or_not_text_are_bad_input()
    {
        Run("emulate", _folder["none.ptx"], "--list").AssertFailed(ExitCodes.BadInput, "there is no such file");
        File.WriteAllBytes(_folder["k.ptx"], [0x7F, (byte)'E', (byte)'L', (byte)'F', 0xFF, 0xFE]);
        Run("emulate", _folder["k.ptx"], "--list").AssertFailed(ExitCodes.BadInput, "PTX is needed, not a cubin");
        Run("emulate", _folder["k.ptx"]).AssertFailed(ExitCodes.BadInput, "--grid and --block are needed (or --list)");
        Run("emulate").AssertFailed(ExitCodes.BadInput, "either a FILE of PTX or --kernel is needed");
    }

    [Test]
    public void One_of_our_kernels_runs_on_a_problem_and_its_traffic_stands_beside_the_least()
    {
        ToolResult result = Run("emulate", "--kernel", "na_dense_tiled_f16_d64_sm80", "--shape", "1,100,130,2,1,64",
            "--causal", "--profile", "--schedules", "2", "--json");
        Assert.That(result.ExitCode, Is.EqualTo(ExitCodes.Ok), result.Error + result.Out);
        JsonElement json = result.Json;
        Assert.That(json.GetProperty("schedules").EnumerateArray().Select(s => s.GetProperty("passed").GetBoolean()),
            Is.EqualTo([true, true]));
        double least = json.GetProperty("minimumBytes").GetDouble();
        Assert.That(least, Is.EqualTo(2 * ((100 * 2 * 2 * 64) + (130 * 2 * 64))));
        JsonElement global = json.GetProperty("profile").GetProperty("global");
        long moved = global.GetProperty("bytesRead").GetInt64() + global.GetProperty("bytesWritten").GetInt64();
        Assert.That(moved, Is.GreaterThan(least).And.LessThan(2 * least));
        Assert.That(Run("emulate", "--kernel", "na_dense_reference_f32_d256_sm80", "--shape", "1,3,5,1,1,8").Out,
            Does.Contain("1 of 1 schedules right and without a finding"));
    }

    [Test]
    public void A_kernel_that_is_not_there_or_not_for_the_problem_is_bad_input()
    {
        Run("emulate", "--kernel", "na_none", "--shape", "1,3,5,1,1,8").AssertFailed(ExitCodes.BadInput,
            "--kernel is 'na_none'; there are na_dense");
        Run("emulate", "--kernel", "na_dense_tiled_f16_d64_sm80", "--shape", "1,3,5,1,1,8")
            .AssertFailed(ExitCodes.BadInput, "the plan chose na_dense_tiled_f16_d32_sm80");
        Run("emulate", "--kernel", "na_dense_tiled_f16_d64_sm80", "--shape", "1,3").AssertFailed(
            ExitCodes.BadInput, "--shape is '1,3'; allowed are six or seven numbers");
        Run("emulate", "--kernel", "na_dense_tiled_f16_d64_sm80").AssertFailed(
            ExitCodes.BadInput, "--shape is needed with --kernel");
        Run("emulate", "--kernel", "k", "--shape", "1,3,5,1,1,8", "--entry", "e").AssertFailed(
            ExitCodes.BadInput, "--entry belongs to a FILE");
    }

    private ToolResult Axpy3(params string[] arguments) => Emulate(Axpy, arguments);

    // Arguments with a kind are given to --arg; one block of 32 threads unless said otherwise.
    private ToolResult Emulate(string ptx, params string[] arguments)
    {
        File.WriteAllText(_folder["k.ptx"], ptx);
        List<string> line = ["emulate", _folder["k.ptx"]];
        bool isValue = false;
        foreach (string argument in arguments)
        {
            bool isOption = argument.StartsWith("--", StringComparison.Ordinal);
            line.AddRange(isOption || isValue ? [argument] : ["--arg", argument]);
            isValue = isOption && argument is not ("--json" or "--list" or "--profile");
        }

        line.AddRange(arguments.Contains("--grid") ? [] : ["--grid", "1"]);
        line.AddRange(arguments.Contains("--block") ? [] : ["--block", "32"]);
        return Run([.. line]);
    }

    private static ToolResult Run(params string[] arguments) => ToolResult.Of(new SystemDevices(), arguments);
}
