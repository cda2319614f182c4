using System.Globalization;
using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Reports;

/// <summary>The short name of a case where its family is known and space is not.</summary>
internal static class CaseLabel
{
    /// <summary>
    /// The parts of the case's name without its family, with lengths that are equal said once:
    /// <c>bf16 b1 h16x4 s4096 d128 causal</c>.
    /// </summary>
    public static string Of(MeasurementLine m)
    {
        CaseShape s = m.Shape;
        string lengths = $"{m.Dtype} b{Text(s.Batch)} h{Pair(s.QueryHeads, s.KeyValueHeads)} "
            + $"s{Pair(s.QueryLength, s.KeyLength)} d{Pair(s.HeadDim, s.ValueHeadDim)}";
        return string.Join(' ', CaseId.Options(m.Options).Prepend(lengths));
    }

    private static string Pair(int a, int b) => a == b ? Text(a) : $"{Text(a)}x{Text(b)}";

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
