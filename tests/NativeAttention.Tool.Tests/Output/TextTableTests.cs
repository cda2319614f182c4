using NativeAttention.Tool.Output;

namespace NativeAttention.Tool.Tests.Output;

public class TextTableTests
{
    [Test]
    public void Columns_fit_their_cells_and_numbers_stand_at_the_right()
    {
        TextTable table = new("name", ">size", "what");
        table.Add("a", "7", "x");
        table.Add("longer", "1234567", "");
        Assert.That(Text(table), Is.EqualTo(
            "  name       size  what\n"
            + "  a             7  x\n"
            + "  longer  1234567\n"));
    }

    [Test]
    public void A_long_last_cell_is_wrapped_between_words()
    {
        TextTable table = new("name", "what");
        table.Add("a", string.Join(' ', Enumerable.Repeat("word", 30)));
        string[] lines = Text(table).TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[1], Does.StartWith("  a     word word").And.Length.LessThanOrEqualTo(110));
        Assert.That(lines[2], Does.StartWith("        word").And.Length.LessThanOrEqualTo(110));
        Assert.That((lines[1] + lines[2]).Split("word"), Has.Length.EqualTo(31));
    }

    [Test]
    public void A_row_of_another_length_is_refused() =>
        Assert.That(() => new TextTable("a", "b").Add("1"), Throws.ArgumentException
            .With.Message.Contains("A row needs 2 cells, not 1."));

    private static string Text(TextTable table)
    {
        using StringWriter writer = new();
        table.WriteTo(writer);
        return writer.ToString();
    }
}
