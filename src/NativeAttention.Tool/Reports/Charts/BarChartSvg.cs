using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace NativeAttention.Tool.Reports.Charts;

/// <summary>
/// Draws a bar chart as SVG: a card with its own background, light or dark as the reader's system is, so that
/// it can be read on any page. Its height grows with the number of bars: nothing can overlap.
/// </summary>
internal sealed class BarChartSvg
{
    private const double Margin = 16;
    private const double BarHeight = 13;
    private const double GroupGap = 9;
    private const double HeadingHeight = 24;
    private const double LegendHeight = 20;
    private const double PlotWidth = 480;
    private const int MaxLabel = 56;

    // Wider than any common sans-serif face at this size, since the reader's face is not known.
    private const double CharacterWidth = 7.2;

    // Okabe and Ito's colours: told apart by colour-blind readers, visible on white and on black.
    private static readonly string[] Colours =
        ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c8c8c", "#a08000"];

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly BarChart _chart;
    private readonly List<XElement> _shapes = [];
    private readonly IReadOnlyList<double> _ticks;
    private readonly double _left;
    private readonly double _width;

    private BarChartSvg(BarChart chart)
    {
        _chart = chart;
        IEnumerable<Bar> bars = chart.Groups.SelectMany(g => g.Bars);
        _ticks = AxisTicks.UpTo(bars.Select(b => b.Value)
            .Concat(chart.Groups.Select(g => g.Marker ?? 0)).Append(chart.Reference ?? 0).Max());
        _left = Margin + WidthOf(chart.Groups.Select(g => Shorten(g.Label))) + 10;
        _width = _left + PlotWidth + WidthOf(bars.Select(b => b.Text)) + 10 + Margin;
    }

    /// <summary>Draws a chart.</summary>
    public static string Draw(BarChart chart) => new BarChartSvg(chart).Draw();

    private string Draw()
    {
        double top = DrawHead();
        double bottom = DrawGroups(top);
        double height = bottom + 50;
        // The grid lies under the bars.
        List<XElement> shapes = [.. Grid(top, bottom), .. _shapes];
        XElement root = new(Svg + "svg",
            new XAttribute("viewBox", $"0 0 {Number(_width)} {Number(height)}"),
            new XAttribute("width", Number(_width)),
            new XAttribute("height", Number(height)),
            new XAttribute("role", "img"),
            new XElement(Svg + "title", Clean(_chart.Title)),
            new XElement(Svg + "style", Style()),
            new XElement(Svg + "rect", new XAttribute("class", "card"), new XAttribute("width", "100%"),
                new XAttribute("height", "100%"), new XAttribute("rx", 6)),
            shapes);
        return root.ToString().ReplaceLineEndings("\n") + '\n';
    }

    private static string Style()
    {
        StringBuilder style = new("""

            text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f }
            .card { fill: #ffffff; stroke: #d0d7de }
            .grid { stroke: #d8dee4 }
            .line { stroke: #24292f }
            .value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
            .strong { font-weight: 600 }
            .title { font-size: 15px; font-weight: 600 }

            """);
        for (int i = 0; i < Colours.Length; i++)
        {
            style.Append(CultureInfo.InvariantCulture, $".s{i} {{ fill: {Colours[i]} }}\n");
        }

        style.Append("""
            @media (prefers-color-scheme: dark) {
              text { fill: #e6edf3 }
              .card { fill: #0d1117; stroke: #30363d }
              .grid { stroke: #30363d }
              .value { stroke: #0d1117 }
              .line { stroke: #e6edf3 }
            }

            """);
        return style.ToString().ReplaceLineEndings("\n");
    }

    // Title and legend; gives where the plot begins.
    private double DrawHead()
    {
        double y = Margin + 14;
        AddText(Margin, y, _chart.Title, "title");
        double x = Margin;
        y += LegendHeight + 4;
        foreach ((string name, int index) in _chart.Series.Select((s, i) => (s, i)))
        {
            NextEntry(name);
            Add("rect", ("class", $"s{index % Colours.Length}"), ("x", x), ("y", y - 10), ("width", 12), ("height", 12));
            EndEntry(name);
        }

        if (_chart.Marker is { } marker)
        {
            NextEntry(marker);
            AddLine("line", x + 6, y - 11, x + 6, y + 3, 3);
            EndEntry(marker);
        }

        return y + 14;

        void NextEntry(string name)
        {
            if (x > Margin && x + 18 + WidthOf([name]) > _width - Margin)
            {
                x = Margin;
                y += LegendHeight;
            }
        }

        void EndEntry(string name)
        {
            AddText(x + 18, y, name);
            x += 18 + WidthOf([name]) + 16;
        }
    }

    // Gives where the plot ends.
    private double DrawGroups(double top)
    {
        double y = top;
        foreach (BarGroup group in _chart.Groups)
        {
            if (group.Heading is { } heading)
            {
                y += HeadingHeight;
                AddText(Margin, y - 7, heading, "strong");
            }

            double height = Math.Max(1, group.Bars.Count) * BarHeight;
            AddText(_left - 10, y + GroupGap / 2 + height / 2 + 4, Shorten(group.Label), null, "end", group.Label);
            double bar = y + GroupGap / 2;
            foreach (Bar b in group.Bars)
            {
                Add("rect", ("class", $"s{b.Series % Colours.Length}"), ("x", _left), ("y", bar + 1),
                    ("width", Math.Max(1, X(b.Value) - _left)), ("height", BarHeight - 2));
                double right = Math.Max(b.Value, group.Marker ?? 0);
                AddText(X(right) + 6, bar + BarHeight / 2 + 4, b.Text, "value");
                bar += BarHeight;
            }

            if (group.Marker is { } marker)
            {
                AddLine("line", X(marker), y + 2, X(marker), y + GroupGap + height - 2, 3);
            }

            y += GroupGap + height;
        }

        return y;
    }

    private IEnumerable<XElement> Grid(double top, double bottom)
    {
        foreach (double tick in _ticks)
        {
            yield return Line("grid", X(tick), top, X(tick), bottom, 1);
            yield return Text(X(tick), bottom + 16, Tick(tick), null, "middle");
        }

        if (_chart.Reference is { } reference)
        {
            yield return Line("line", X(reference), top, X(reference), bottom, 1);
        }

        yield return Text(_left + PlotWidth / 2, bottom + 36, _chart.Axis, null, "middle");
    }

    private double X(double value) => _left + (value / _ticks[^1] * PlotWidth);

    private void Add(string name, params ReadOnlySpan<(string Name, object Value)> attributes) =>
        _shapes.Add(Shape(name, attributes));

    private void AddLine(string style, double x1, double y1, double x2, double y2, double width) =>
        _shapes.Add(Line(style, x1, y1, x2, y2, width));

    private void AddText(double x, double y, string text, string? style = null, string? anchor = null,
        string? tip = null) => _shapes.Add(Text(x, y, text, style, anchor, tip));

    private static XElement Line(string style, double x1, double y1, double x2, double y2, double width) =>
        Shape("line", ("class", style), ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2),
            ("stroke-width", width));

    private static XElement Text(double x, double y, string text, string? style = null, string? anchor = null,
        string? tip = null)
    {
        XElement element = Shape("text", ("x", x), ("y", y));
        if (style is not null)
        {
            element.Add(new XAttribute("class", style));
        }

        if (anchor is not null)
        {
            element.Add(new XAttribute("text-anchor", anchor));
        }

        if (tip is not null && tip != text)
        {
            element.Add(new XElement(Svg + "title", Clean(tip)));
        }

        element.Add(Clean(text));
        return element;
    }

    private static XElement Shape(string name, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        XElement element = new(Svg + name);
        foreach ((string key, object value) in attributes)
        {
            element.Add(new XAttribute(key, value is double number ? Number(number) : value));
        }

        return element;
    }

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Tick(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    private static double WidthOf(IEnumerable<string> texts) =>
        texts.Select(t => t.Length).DefaultIfEmpty().Max() * CharacterWidth;

    private static string Shorten(string label) =>
        label.Length <= MaxLabel ? label : label[..(MaxLabel - 1)] + '…';

    // XML has no way at all to say some characters.
    private static string Clean(string text) =>
        string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) ? c : '\uFFFD'));
}
