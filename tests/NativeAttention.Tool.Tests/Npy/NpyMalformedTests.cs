using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Tests.Npy;

/// <summary>Every way a file can be wrong has its message.</summary>
public class NpyMalformedTests
{
    private const string Good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";

    private static IEnumerable<TestCaseData> BadHeaders()
    {
        (string, string)[] cases =
        [
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "must end with a newline"),
            ("", "must end with a newline"),
            ("\n", "expected '{' at character 1, found the end"),
            ("[]\n", "expected '{' at character 0, found '['"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)\n", "expected '}'"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x\n",
                "nothing but spaces after the dictionary"),
            ("{'descr': '<f4', 'fortran_order': False}\n", "key 'shape' is missing"),
            ("{'descr': '<f4', 'shape': (1,)}\n", "key 'fortran_order' is missing"),
            ("{'fortran_order': False, 'shape': (1,)}\n", "key 'descr' is missing"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'extra': 1}\n", "unknown key 'extra'"),
            ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n",
                "'descr' appears twice"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}\n",
                "'shape' appears twice"),
            ("{'descr': '<f4', 'fortran_order': False, 'fortran_order': False, 'shape': ()}\n",
                "appears twice"),
            ("{'descr': '<f4', 'fortran_order': false, 'shape': (1,)}\n", "expected True or False"),
            ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}\n", "expected True or False"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}\n", "a comma after the only length"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': [1]}\n", "expected '('"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': 1}\n", "expected '('"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}\n", "a length of at least 0"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}\n", "a comma after"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1.5)}\n", "expected ')'"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (01,)}\n", "expected a whole number"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (,)}\n", "expected a whole number"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}\n", "passes 2^63"),
            ("{'descr': '<f4\\'', 'fortran_order': False, 'shape': (1,)}\n", "expected the closing '"),
            ("{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}\n", "expected '}'"),
            ("{'descr': <f4, 'fortran_order': False, 'shape': (1,)}\n", "a type string in quotes"),
            ("{descr: '<f4', 'fortran_order': False, 'shape': (1,)}\n", "a key in quotes"),
            ("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}\n", "expected '}'"),
            ("{'descr' '<f4', 'fortran_order': False, 'shape': (1,)}\n", "expected ':'"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}\n",
                "structured dtypes are not supported"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", "is not a type string"),
            ("{'descr': '|O8', 'fortran_order': False, 'shape': (1,)}\n", "Python objects"),
            ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}\n", "complex"),
            ("{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}\n", "text"),
            ("{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,)}\n", "time"),
            ("{'descr': '<V2', 'fortran_order': False, 'shape': (1,)}\n", "bfloat16 arrays are saved so"),
            ("{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}\n", "this float size"),
            ("{'descr': '=f4', 'fortran_order': False, 'shape': (1,)}\n", "does not say its byte order"),
            ("{'descr': '|f4', 'fortran_order': False, 'shape': (1,)}\n", "does not say its byte order"),
            ("{'descr': 'f4', 'fortran_order': False, 'shape': (1,)}\n", "is not a type string"),
            ("{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}\n", "supported are bool, int8"),
            ("{'descr': '', 'fortran_order': False, 'shape': (1,)}\n", "is not a type string"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': ("
                + string.Concat(Enumerable.Repeat("1,", 65)) + ")}\n",
                "more than 64 axes"),
            ("{'\u001b[31m': 1}\n", "unknown key '\\x1b[31m'"),
        ];
        return cases.Select((c, i) =>
            new TestCaseData(c.Item1, c.Item2).SetArgDisplayNames($"{i}: {c.Item2}"));
    }

    [TestCaseSource(nameof(BadHeaders))]
    public void A_bad_header_is_refused(string header, string message) =>
        AssertRefused(NpyFile.Build(header, [0, 0, 0, 0]), message);

    [Test]
    public void An_unsupported_dtype_names_the_supported_ones() =>
        AssertRefused(NpyFile.Build(NpyFile.Header("<c16", "(1,)"), new byte[16]),
            "x.npy: dtype '<c16' (complex) is not supported; supported are bool, int8 to int64, "
            + "uint8 to uint64, float16, float32, float64");

    [Test]
    public void A_wrong_magic_is_refused() =>
        AssertRefused([0x50, 0x4B, 3, 4, 0x14, 0, 0, 0, 1, 2],
            "not a .npy file: it begins with 504B03041400");

    [TestCase(4, 0, "4.0")]
    [TestCase(1, 1, "1.1")]
    [TestCase(0, 0, "0.0")]
    public void An_unknown_version_is_refused(byte major, byte minor, string version) =>
        AssertRefused(NpyFile.Build(Good, [0, 0, 0, 0], major, minor),
            $".npy version {version} is not supported; supported are 1.0, 2.0 and 3.0");

    [Test]
    public void A_file_cut_at_any_place_is_refused()
    {
        foreach (byte major in new byte[] { 1, 2, 3 })
        {
            byte[] file = NpyFile.Build(Good, [0, 0, 0, 0], major);
            for (int length = 0; length < file.Length; length++)
            {
                AssertRefused(file[..length], length < 8 ? "shorter than the eight bytes" : "truncated: ");
            }
        }
    }

    [Test]
    public void Truncated_data_tells_the_numbers() =>
        AssertRefused(NpyFile.Build(NpyFile.Header("<f4", "(2, 3)"), new byte[23]),
            "x.npy: truncated: shape [2, 3] of float32 needs 24 bytes of data, the file has 23");

    [Test]
    public void Trailing_bytes_are_refused() =>
        AssertRefused(NpyFile.Build(NpyFile.Header("<f4", "(2, 3)"), new byte[25]),
            "x.npy: trailing bytes: shape [2, 3] of float32 needs 24 bytes of data, the file has 25");

    [TestCase("(4611686018427387904,)")]
    [TestCase("(4294967296, 4294967296)")]
    [TestCase("(3037000500, 3037000500)")]
    [TestCase("(9223372036854775807, 9223372036854775807, 9223372036854775807)")]
    public void A_shape_that_overflows_is_refused(string shape) =>
        AssertRefused(NpyFile.Build(NpyFile.Header("<f4", shape), [0, 0, 0, 0]),
            "too large: its bytes pass 2^63");

    [Test]
    public void A_huge_shape_is_refused_before_memory_is_taken() =>
        AssertRefused(NpyFile.Build(NpyFile.Header("<f4", "(1099511627776,)"), [0, 0, 0, 0]),
            "needs 4398046511104 bytes of data, the file has 4");

    [Test]
    public void A_header_longer_than_the_file_or_the_limit_is_refused()
    {
        byte[] file = NpyFile.Build(Good, [0, 0, 0, 0], major: 2);
        (file[8], file[9], file[10], file[11]) = (0xFF, 0xFF, 0xFF, 0xFF);
        AssertRefused(file, "its length is 4294967295 bytes, at most 1048576 are allowed");
        (file[10], file[11]) = (0, 0);
        AssertRefused(file, "truncated: the header needs 65535 bytes");
    }

    [Test]
    public void A_version_3_header_must_be_utf8()
    {
        byte[] file = NpyFile.Build(Good, [0, 0, 0, 0], major: 3);
        file[20] = 0xFF;
        AssertRefused(file, "it is not UTF-8");
    }

    [Test]
    public void A_bool_other_than_0_and_1_is_refused() =>
        AssertRefused(NpyFile.Build(NpyFile.Header("|b1", "(3,)"), [0, 1, 2]),
            "a bool element has the value 2; allowed are 0 and 1");

    [Test]
    public void A_pipe_is_refused()
    {
        using UnseekableStream stream = new(NpyFile.Build(Good, [0, 0, 0, 0]));
        Assert.That(() => NpyReader.Read(stream, "x.npy"),
            Throws.InstanceOf<NpyFormatException>().With.Message.Contains("not a regular file"));
    }

    private static void AssertRefused(byte[] file, string message) =>
        Assert.That(() => NpyReaderTests.Read(file),
            Throws.InstanceOf<NpyFormatException>().With.Message.Contains(message)
                .And.Message.StartsWith("x.npy: "));

    private sealed class UnseekableStream(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
