using NativeAttention.Tool.Reports;

namespace NativeAttention.Tool.Tests.Reports;

public class MarkdownWriterTests
{
    [TestCase("na_dense_tiled_bf16_d128_sm80", "na_dense_tiled_bf16_d128_sm80")]
    [TestCase("_a_ a_", @"\_a\_ a\_")]
    [TestCase("a|b\\c", @"a\|b\\c")]
    [TestCase("<script>&amp;", "&lt;script&gt;&amp;amp;")]
    [TestCase("*x* `y` [z](w) ![v] #1 ~~t~~", @"\*x\* \`y\` \[z\](w) \!\[v\] \#1 \~\~t\~\~")]
    [TestCase("two\nlines\tand a tab", "two lines and a tab")]
    public void Text_is_data_not_markup(string text, string expected) =>
        Assert.That(MarkdownWriter.Escape(text), Is.EqualTo(expected));

    [Test]
    public void Columns_that_say_nothing_are_left_out_and_an_empty_table_altogether()
    {
        MarkdownWriter writer = new();
        writer.Heading(1, "t");
        writer.Table(["a", ">b", ">c"], [["1", "-", ""], ["2", "", "x|"]]);
        writer.Table(["a"], []);
        writer.Point("p");
        writer.Table(["a"], [["1"]]);
        Assert.That(writer.ToString(), Is.EqualTo("""
            # t

            | a | c |
            | --- | ---: |
            | 1 |  |
            | 2 | x\| |

            - p

            | a |
            | --- |
            | 1 |

            """));
    }
}
