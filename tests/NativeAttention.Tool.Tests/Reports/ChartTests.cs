using System.Globalization;
using System.Xml.Linq;
using NativeAttention.Tool.Reports;
using NativeAttention.Tool.Reports.Charts;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Tests.Results;

namespace NativeAttention.Tool.Tests.Reports;

public class ChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [TestCase(1)]
    [TestCase(5)]
    [TestCase(40)]
    public void Nothing_overlaps_and_nothing_leaves_the_card(int cases)
    {
        foreach (ChartFile chart in Charts(cases))
        {
            XElement root = XDocument.Parse(chart.Svg).Root!;
            double width = Value(root, "width"), height = Value(root, "height");
            Box[] texts = [.. root.Elements(Svg + "text").Select(BoxOf)];
            Box[] bars = [.. root.Elements(Svg + "rect").Where(r => r.Attribute("x") is not null)
                .Select(r => new Box(Value(r, "x"), Value(r, "y"), Value(r, "width"), Value(r, "height")))];
            Assert.That(texts, Has.Length.GreaterThan(2 * cases));
            Assert.That(bars, Has.Length.GreaterThanOrEqualTo(cases));
            foreach (Box box in (Box[])[.. texts, .. bars])
            {
                Assert.That(box.X >= 0 && box.Y >= 0 && box.Right <= width && box.Bottom <= height,
                    $"{chart.Name}: {box} in {width} x {height}");
            }

            for (int i = 0; i < texts.Length; i++)
            {
                foreach (Box other in (Box[])[.. texts[(i + 1)..], .. bars])
                {
                    Assert.That(texts[i].Overlaps(other), Is.False, $"{chart.Name}: {texts[i]} and {other}");
                }
            }
        }
    }

    [Test]
    public void The_length_of_a_bar_is_its_value()
    {
        ChartFile roofline = Charts(5)[0];
        XElement root = XDocument.Parse(roofline.Svg).Root!;
        double[] lengths = [.. root.Elements(Svg + "rect")
            .Where(r => r.Attribute("height")?.Value == "11").Select(r => Value(r, "width"))];
        double[] ticks = [.. root.Elements(Svg + "line").Where(l => l.Attribute("class")!.Value == "grid")
            .Select(l => Value(l, "x1"))];
        double percent = (ticks[^1] - ticks[0]) / 100;
        // 400, 200, 133.3, 100 and 80 TFLOP/s of 800.
        Assert.That(lengths, Is.EqualTo(new[] { 50 * percent, 25 * percent, 50 / 3.0 * percent,
            12.5 * percent, 10 * percent }).Within(0.06));
    }

    [Test]
    public void Axes_have_titles_with_units_and_texts_are_escaped()
    {
        RunLine run = ResultLines.Run("GPU <1> & \"co\"\u0001");
        Report report = new([new DeviceSection(RunGroups.Of(run, Lines(2)), null)], []);
        string[] svgs = [.. ReportCharts.Of(report).Select(c => c.Svg)];
        Assert.That(svgs, Has.Length.EqualTo(2));
        Assert.That(svgs[0], Does.Contain("share of what the ceilings of the same run allow, %"));
        Assert.That(svgs[1], Does.Contain("speed, in multiples of the best peer's"));
        foreach (string svg in svgs)
        {
            Assert.That(svg, Does.Contain("GPU &lt;1&gt; &amp; \"co\"\uFFFD"));
            Assert.That(XDocument.Parse(svg).Root!.Element(Svg + "title")!.Value, Does.Contain("GPU <1> & "));
            Assert.That(svg, Does.Contain("prefers-color-scheme: dark"));
        }
    }

    [Test]
    public void There_is_no_chart_without_figures_for_it()
    {
        RunGroup group = RunGroups.Of(ResultLines.Run("emulator", "box"), ResultLines.Measurement(1));
        Assert.That(ReportCharts.Of(new Report([new DeviceSection(group, null)], [])), Is.Empty);
    }

    [Test]
    public void Devices_of_one_machine_have_charts_of_their_own()
    {
        DeviceSection[] sections = [.. new[] { "NVIDIA H200", "cpu" }.Select(device =>
            new DeviceSection(RunGroups.Of(ResultLines.Run(device), Lines(1)), null))];
        Assert.That(ReportCharts.Of(new Report(sections, [])).Select(c => c.Name), Is.EqualTo(new[]
            { "roofline-h200.svg", "peers-h200.svg", "roofline-h200-2.svg", "peers-h200-2.svg" }));
    }

    [TestCase(100.0, new[] { 0.0, 20, 40, 60, 80, 100 })]
    [TestCase(0.9, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1.0 })]
    [TestCase(7.3, new[] { 0.0, 1, 2, 3, 4, 5, 6, 7, 8 })]
    public void Ticks_are_round_and_reach_the_largest_value(double largest, double[] expected) =>
        Assert.That(AxisTicks.UpTo(largest), Is.EqualTo(expected).Within(1e-9));

    private static IReadOnlyList<ChartFile> Charts(int cases)
    {
        RunGroup group = RunGroups.Of(ResultLines.Run(), Lines(cases));
        IReadOnlyList<ChartFile> charts =
            ReportCharts.Of(new Report([new DeviceSection(group, null)], []));
        Assert.That(charts, Has.Count.EqualTo(2));
        return charts;
    }

    private static ResultLine[] Lines(int cases) =>
    [
        ResultLines.Matmul(800),
        ResultLines.Read(4000),
        .. Enumerable.Range(1, cases).SelectMany(i => new[]
        {
            ResultLines.Measurement(0.005 * i, length: 1024 * i),
            ResultLines.Measurement(0.004 * i, "torch-flash", length: 1024 * i),
            ResultLines.Measurement(0.007, "torch-cudnn", length: 1024 * i),
        }),
    ];

    // Wider than the chart itself reckons would fail what fits; the face of the reader is not known.
    private static Box BoxOf(XElement text)
    {
        string content = string.Concat(text.Nodes().OfType<XText>().Select(t => t.Value));
        double width = content.Length * 7;
        double x = Value(text, "x");
        double left = text.Attribute("text-anchor")?.Value switch
        {
            "end" => x - width,
            "middle" => x - (width / 2),
            _ => x,
        };
        // Digits and capitals have no part below the line; 10 is their height at 12 pixels and more.
        return new Box(left, Value(text, "y") - 10, width, 10);
    }

    private static double Value(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private readonly record struct Box(double X, double Y, double Width, double Height)
    {
        public double Right => X + Width;

        public double Bottom => Y + Height;

        public bool Overlaps(Box other) =>
            X < other.Right && other.X < Right && Y < other.Bottom && other.Y < Bottom;
    }
}
