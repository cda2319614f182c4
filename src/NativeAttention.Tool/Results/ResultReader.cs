using System.Text.Json;
using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Results;

/// <summary>
/// Reads a <c>results.jsonl</c>. Strict, since a line that is passed over would be a measurement that
/// silently is missing; only fields it does not know and the unfinished last line of a killed process are
/// tolerated.
/// </summary>
internal static class ResultReader
{
    private static readonly string[] Kinds =
    [
        RunLine.Kind, CeilingLine.Kind, MeasurementLine.Kind, KernelLine.Kind, StepLine.Kind, GoalLine.Kind,
        TrafficLine.Kind,
    ];

    /// <summary>Reads a file.</summary>
    /// <exception cref="ToolException">It does not exist, or a line is not one; the message names file and
    /// line.</exception>
    public static ResultFile Read(string path)
    {
        if (!File.Exists(path))
        {
            throw ToolException.BadInput($"{path}: there is no such file");
        }

        return Parse(path, File.ReadAllText(path));
    }

    /// <summary>Reads the text of a file.</summary>
    /// <param name="path">Its name, for messages.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="ToolException">A line is not one.</exception>
    public static ResultFile Parse(string path, string text)
    {
        List<ResultRun> runs = [];
        List<ResultLine> lines = [];
        string? warning = null;
        string[] rows = text.Split('\n');
        for (int i = 0; i < rows.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(rows[i]))
            {
                continue;
            }

            try
            {
                ResultLine line = ParseLine(rows[i]);
                if (line is RunLine run)
                {
                    runs.Add(new ResultRun(run, lines = []));
                }
                else if (runs.Count > 0)
                {
                    lines.Add(line);
                }
                else
                {
                    throw new FormatException("this line belongs to no run: a line of kind 'run' comes first");
                }
            }
            catch (JsonException) when (i == rows.Length - 1)
            {
                // No line end: whoever wrote it was stopped in the middle.
                warning = $"{path}:{i + 1}: the last line is unfinished and was left out: the run was cut short";
            }
            catch (Exception e) when (e is JsonException or FormatException)
            {
                throw ToolException.BadInput($"{path}:{i + 1}: {WithoutPosition(e.Message)}", e);
            }
        }

        return runs.Count > 0
            ? new ResultFile(path, runs, warning)
            : throw ToolException.BadInput($"{path}: it has no line of kind 'run'");
    }

    // The serializer counts lines inside the one it was given.
    private static string WithoutPosition(string message)
    {
        int position = message.IndexOf("LineNumber:", StringComparison.Ordinal);
        return position < 0 ? message : message[..position].TrimEnd(' ', '|');
    }

    private static ResultLine ParseLine(string row)
    {
        using (JsonDocument document = JsonDocument.Parse(row))
        {
            CheckKind(document.RootElement);
        }

        ResultLine line = JsonSerializer.Deserialize(row, ResultJson.Lines.ResultLine)!;
        line.Check();
        return line;
    }

    // The serializer would refuse it too, but in words that name no remedy.
    private static void CheckKind(JsonElement root)
    {
        string? kind = root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty("kind", out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (kind is null)
        {
            throw new FormatException("a line must be a JSON object with a text 'kind'");
        }

        FieldRules.RequireOneOf("kind", kind, Kinds);
    }
}
