using System.Text.Json.Nodes;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Tests.Results;

public class CaseIdTests
{
    private const string Plain = "dense-bf16-b1-h16x4-s4096x8192-d128x64";

    [TestCase(null, Plain)]
    [TestCase("{}", Plain)]
    [TestCase("""{"mask":"none"}""", Plain)]
    [TestCase("""{"mask":"causal"}""", Plain + "-causal")]
    [TestCase("""{"mask":"causal-top-left"}""", Plain + "-causal-top-left")]
    [TestCase("""{"zero":0,"mask":"causal","softcap":30}""", Plain + "-causal-softcap=30-zero=0")]
    [TestCase("""{"softcap":30.0,"window":[256,-1]}""", Plain + "-softcap=30-window=256x-1")]
    [TestCase("""{"b":true,"a":false,"B":null,"Z":"x.y"}""", Plain + "-Z=x.y-b")]
    [TestCase("""{"scale":0.125,"small":0.0001,"third":0.3333333333333333,"large":123456789012345}""",
        Plain + "-large=123456789012345-scale=0.125-small=0.0001-third=0.3333333333333333")]
    public void The_name_follows_from_the_data(string? options, string expected) =>
        Assert.That(CaseId.Of("dense", "bf16", Shape, Parse(options)), Is.EqualTo(expected));

    [Test]
    public void Options_made_in_code_name_the_case_as_those_read_from_a_file()
    {
        JsonObject made = new() { ["mask"] = "causal", ["scale"] = 0.1f, ["threads"] = 1, ["flag"] = true };
        Assert.That(CaseId.Of("dense", "bf16", Shape, made),
            Is.EqualTo(CaseId.Of("dense", "bf16", Shape, Parse(made.ToJsonString()))));
        Assert.That(CaseId.Of("dense", "bf16", Shape, made),
            Is.EqualTo(Plain + "-causal-flag-scale=0.1-threads=1"));
    }

    [TestCase("""{"a":1e15}""", "1e15")]
    [TestCase("""{"a":0.00009}""", "0.00009")]
    [TestCase("""{"a":"two words"}""", "two words")]
    [TestCase("""{"a":"<b>"}""", "<b>")]
    [TestCase("""{"a":""}""", "''")]
    [TestCase("""{"a":[]}""", "[]")]
    [TestCase("""{"a":["x"]}""", "[\"x\"]")]
    [TestCase("""{"a":{}}""", "{}")]
    [TestCase("""{"a b":true}""", "a b")]
    [TestCase("""{"mask":"a b"}""", "a b")]
    public void A_value_that_cannot_be_part_of_a_name_is_refused(string options, string value) =>
        Assert.That(() => CaseId.Of("dense", "bf16", Shape, Parse(options)),
            Throws.TypeOf<FormatException>().With.Message.Contains(value)
                .And.Message.Contains("allowed are true, false, words"));

    private static CaseShape Shape => CaseShape.Of(new AttentionShape(1, 4096, 8192, 16, 4, 128, 64));

    private static JsonObject? Parse(string? json) => json is null ? null : JsonNode.Parse(json)!.AsObject();
}
