using NativeAttention.Tool.App;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary>Every way a modifier of <c>nattn run</c> can be wrong: its message, and no output.</summary>
public class RunModifierFailureTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeGoodInputs()
    {
        _folder = new TempFolder();
        _folder.WriteRamp("q.npy", 2, 3, 4, 8);
        _folder.WriteRamp("k.npy", 2, 5, 2, 8);
        _folder.WriteRamp("v.npy", 2, 5, 2, 6);
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("--softcap", "0", "--softcap is '0'; allowed are numbers above 0")]
    [TestCase("--softcap", "inf", "--softcap is 'inf'; allowed are finite numbers")]
    [TestCase("--window", "3", "--window is '3'; allowed are two whole numbers from 0, or -1")]
    [TestCase("--window", "3,-2", "--window is '3,-2'; allowed are two whole numbers from 0, or -1")]
    [TestCase("--window", "3,x", "--window is '3,x'; allowed are two whole numbers")]
    [TestCase("--prefix", "-1", "--prefix is -1; allowed are whole numbers from 0")]
    [TestCase("--diagonal-offset", "1.5", "--diagonal-offset is '1.5'; allowed are whole numbers")]
    [TestCase("--past-key", "x.npy", "--past-key needs --past-value beside it")]
    [TestCase("--past-value", "x.npy", "--past-value needs --past-key beside it")]
    [TestCase("--cu-key", "x.npy", "--cu-key needs --cu-query beside it")]
    [TestCase("--bias", "x.npy", "--bias x.npy: there is no such file")]
    public void A_value_that_is_not_allowed(string option, string value, string message) =>
        AssertRefused(message, option, value);

    [TestCase("--cu-query", "--key-lengths")]
    [TestCase("--cu-query", "--past-key")]
    [TestCase("--cu-query", "--present-value")]
    public void Options_that_exclude_each_other(string one, string other) =>
        AssertRefused($"{one} and {other} exclude each other", one, "a.npy", other, "b.npy");

    [Test]
    public void Flags_that_exclude_others()
    {
        AssertRefused("--causal-top-left and --diagonal-offset exclude each other", "--causal-top-left",
            "--diagonal-offset", "0");
        AssertRefused("--cu-query and --layout exclude each other", "--cu-query", "a.npy", "--layout",
            "bhsd");
    }

    [TestCase("--bias", "float64", new long[] { 5 }, "dtype is float64; allowed is float32")]
    [TestCase("--bias", "float16", new long[] { 5 }, "dtype is float16; allowed is float32")]
    [TestCase("--mask", "float32", new long[] { 5 }, "dtype is float32; allowed are bool and uint8")]
    [TestCase("--sink", "int32", new long[] { 4 }, "dtype is int32; allowed is float32")]
    [TestCase("--key-lengths", "float32", new long[] { 2 },
        "dtype is float32; allowed are int32 and int64")]
    [TestCase("--bias", "float32", new long[] { 1, 2, 4, 3, 5 },
        "shape [1, 2, 4, 3, 5] has 5 axes; allowed are 1 to 4: [batch 2, heads 4, queries 3, keys 5]")]
    [TestCase("--bias", "float32", new long[] { }, "shape [] has 0 axes; allowed are 1 to 4")]
    [TestCase("--bias", "float32", new long[] { 2, 5 },
        "axis 0 of shape [2, 5] is 2; allowed are 1 and 3, since it broadcasts against "
        + "[batch 2, heads 4, queries 3, keys 5]")]
    [TestCase("--mask", "uint8", new long[] { 3, 6 },
        "axis 1 of shape [3, 6] is 6; allowed are up to 5")]
    [TestCase("--mask", "bool", new long[] { 3, 1, 3, 5 },
        "axis 0 of shape [3, 1, 3, 5] is 3; allowed are 1 and 2")]
    [TestCase("--alibi", "float32", new long[] { 3 },
        "axis 0 of shape [3] is 3; allowed are 1 and 4, since it broadcasts against [batch 2, heads 4]")]
    [TestCase("--sink", "float32", new long[] { 2, 4 },
        "shape [2, 4] has 2 axes; allowed is 1: [heads 4]")]
    [TestCase("--temperature", "float32", new long[] { 5 },
        "axis 0 of shape [5] is 5; allowed are 1 and 3, since it broadcasts against "
        + "[batch 2, heads 4, queries 3]")]
    [TestCase("--key-log-weight", "float32", new long[] { 4, 5 },
        "axis 0 of shape [4, 5] is 4; allowed are 1 and 2, since it broadcasts against "
        + "[batch 2, heads 2, keys 5]")]
    [TestCase("--head-gate", "float32", new long[] { 2, 2, 3 },
        "axis 1 of shape [2, 2, 3] is 2; allowed are 1 and 4")]
    [TestCase("--key-lengths", "int32", new long[] { 1, 2 }, "shape [1, 2] has 2 axes; allowed is 1")]
    [TestCase("--key-lengths", "int32", new long[] { 3 },
        "has 3 elements; allowed is 2, one for each sequence of the batch")]
    public void An_operand_that_does_not_fit(string option, string type, long[] shape, string message)
    {
        WriteZeros("x.npy", type, shape);
        AssertRefused($"{option} x.npy", option, _folder["x.npy"]);
        AssertRefused(message, option, _folder["x.npy"]);
    }

    [Test]
    public void Lengths_out_of_range()
    {
        _folder.Write<long>("x.npy", [5, 6], 2);
        AssertRefused("--key-lengths x.npy: element 1 is 6; allowed are 0 to 5, the keys",
            "--key-lengths", _folder["x.npy"]);
        _folder.Write<long>("x.npy", [-1, 5], 2);
        AssertRefused("--key-lengths x.npy: element 0 is -1; allowed are 0 to 5",
            "--key-lengths", _folder["x.npy"]);
        _folder.Write<long>("x.npy", [5, 1L << 32], 2);
        AssertRefused("--key-lengths x.npy: element 1 is 4294967296; allowed are numbers of 32 bits",
            "--key-lengths", _folder["x.npy"]);
    }

    [TestCase(new long[] { 2, 3, 3, 8 }, "--past-key p.npy: shape [2, 3, 3, 8]; allowed is that of "
        + "--key k.npy ([2, 5, 2, 8]), but for the length of axis 1")]
    [TestCase(new long[] { 3, 2, 8 }, "--past-key p.npy: shape [3, 2, 8]; allowed is that of --key k.npy")]
    [TestCase(new long[] { 2, 4, 2, 8 }, "--value v.npy: sequence length is 8")]
    public void A_past_that_does_not_fit(long[] shape, string message)
    {
        _folder.WriteRamp("p.npy", shape);
        _folder.WriteRamp("pv.npy", 2, 3, 2, 6);
        AssertRefused(message, "--past-key", _folder["p.npy"], "--past-value", _folder["pv.npy"]);
    }

    [Test]
    public void A_past_of_another_dtype()
    {
        _folder.Write<Half>("p.npy", new Half[32], 2, 1, 2, 8);
        _folder.WriteRamp("pv.npy", 2, 1, 2, 6);
        AssertRefused("--past-key p.npy: dtype is float16; allowed is float32, as in --key k.npy",
            "--past-key", _folder["p.npy"], "--past-value", _folder["pv.npy"]);
    }

    [TestCase(new[] { 0, 3 }, new[] { 0, 2, 5 },
        "--cu-key ck.npy has 3 elements; allowed are 2, as in --cu-query")]
    [TestCase(new[] { 1, 3 }, new[] { 0, 5 }, "--cu-query cq.npy: element 0 is 1; allowed is 0")]
    [TestCase(new[] { 0, 2, 1, 3 }, new[] { 0, 5 },
        "--cu-query cq.npy: element 2 is 1; allowed is nothing below the 2 before it")]
    [TestCase(new[] { 0, 2 }, new[] { 0, 5 },
        "--cu-query cq.npy: element 1 is 2; allowed is 3, the tokens of --query q.npy")]
    [TestCase(new int[] { }, new[] { 0, 5 }, "--cu-query cq.npy is empty")]
    public void Packed_lengths_that_do_not_fit(int[] queries, int[] keys, string message)
    {
        _folder.WriteRamp("q.npy", 3, 4, 8);
        _folder.WriteRamp("k.npy", 5, 2, 8);
        _folder.WriteRamp("v.npy", 5, 2, 6);
        _folder.Write<int>("cq.npy", queries, queries.Length);
        _folder.Write<int>("ck.npy", keys, keys.Length);
        AssertRefused(message, "--cu-query", _folder["cq.npy"], "--cu-key", _folder["ck.npy"]);
    }

    [Test]
    public void Packed_files_have_three_axes()
    {
        _folder.Write<int>("c.npy", [0, 3], 2);
        AssertRefused(
            "--query q.npy: shape [2, 3, 4, 8] has 4 axes; allowed are 3, [total, heads, dim], with --cu-query",
            "--cu-query", _folder["c.npy"], "--cu-key", _folder["c.npy"]);
    }

    [TestCase("--present-key", "k.npy", "--present-key and --key are the same file")]
    [TestCase("--present-value", "o.npy", "--present-value and --output are the same file")]
    [TestCase("--present-key", "no/p.npy", "but the folder 'no' does not exist")]
    public void Presents_that_cannot_be(string option, string path, string message) =>
        AssertRefused(message, option, _folder[path]);

    [Test]
    public void An_output_that_is_an_operand()
    {
        _folder.WriteRamp("o.npy", 5);
        AssertRefused("--output and --bias are the same file", "--bias", _folder["o.npy"]);
    }

    private void WriteZeros(string name, string type, long[] shape)
    {
        int count = (int)shape.Aggregate(1L, (a, b) => a * b);
        _ = type switch
        {
            "bool" => _folder.Write<bool>(name, new bool[count], shape),
            "uint8" => _folder.Write<byte>(name, new byte[count], shape),
            "int32" => _folder.Write<int>(name, new int[count], shape),
            "float16" => _folder.Write<Half>(name, new Half[count], shape),
            "float64" => _folder.Write<double>(name, new double[count], shape),
            _ => _folder.Write<float>(name, new float[count], shape),
        };
    }

    private void AssertRefused(string message, params string[] more)
    {
        string[] before = _folder.Names;
        ToolResult result = ToolResult.Of(FakeDevices.WithCpu(), ["run", "--query", _folder["q.npy"], "--key",
            _folder["k.npy"], "--value", _folder["v.npy"], "--output", _folder["o.npy"], .. more]);
        string shown = result.Error.Replace(_folder.Path + "/", "", StringComparison.Ordinal);
        (result with { Error = shown }).AssertFailed(ExitCodes.BadInput, message);
        Assert.That(_folder.Names, Is.EqualTo(before), "a failure leaves no file");
    }
}
