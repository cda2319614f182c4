using System.Globalization;
using NativeAttention.Testing;
using NativeAttention.Tool.Tests.Support;

namespace NativeAttention.Tool.Tests.Commands;

/// <summary>Modifiers as options of the library and as arguments of the command, with their files.</summary>
public sealed record RunModifiers(AttentionShape Shape)
{
    private static readonly string[] MatrixShapes = ["3,4,5,7", "1,1,5,7", "3,1,1,7", "5,7", "1,4,5,1"];

    public float? SoftCap { get; init; }

    public (int Left, int Right)? Window { get; init; }

    public bool Causal { get; init; }

    public bool TopLeft { get; init; }

    public int? Prefix { get; init; }

    public int? Offset { get; init; }

    public bool KeyLengths { get; init; }

    public bool HeadsFirst { get; init; }

    // Options that name files of operands, each with the shape of its file.
    private Dictionary<string, int[]> Files { get; init; } = [];

    /// <summary>The same with one operand more.</summary>
    public RunModifiers With(string option, string shape) => this with
    {
        Files = new(Files)
        {
            [option] = [.. shape.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))],
        },
    };

    /// <summary>Any of them together, for batch 3, 5 queries, 7 keys, 4 heads, 2 key heads.</summary>
    public static RunModifiers Random(AttentionShape shape, Random random)
    {
        RunModifiers modifiers = new(shape)
        {
            SoftCap = Maybe() ? 0.5f + (4 * random.NextSingle()) : null,
            Window = Maybe() ? (random.Next(-1, 6), random.Next(-1, 4)) : null,
            Causal = Maybe(),
            Prefix = Maybe() ? random.Next(4) : null,
            Offset = Maybe() ? random.Next(-3, 6) : null,
            KeyLengths = Maybe(),
            HeadsFirst = Maybe(),
        };
        foreach ((string option, string[] shapes) in new (string, string[])[]
        {
            ("--bias", MatrixShapes), ("--mask", MatrixShapes), ("--alibi", ["4", "3,4"]), ("--sink", ["4"]),
            ("--temperature", ["3,4,5", "5"]), ("--key-log-weight", ["3,2,7", "7"]),
            ("--head-gate", ["3,4,5"]),
        })
        {
            modifiers = Maybe() ? modifiers.With(option, shapes[random.Next(shapes.Length)]) : modifiers;
        }

        return modifiers;

        bool Maybe() => random.Next(3) == 0;
    }

    /// <summary>The options of the library.</summary>
    public AttentionOptions Options()
    {
        AttentionMask mask = Window is { } w
                ? AttentionMask.Window(Open(w.Left), Causal || TopLeft ? 0 : Open(w.Right))
            : TopLeft ? AttentionMask.CausalTopLeft
            : Causal ? AttentionMask.Causal
            : AttentionMask.None;
        return new AttentionOptions
        {
            SoftCap = SoftCap,
            Mask = Prefix is int keys ? mask.WithPrefix(keys) : mask,
            DiagonalOffset = TopLeft ? 0 : Offset,
            Layout = HeadsFirst ? AttentionLayout.Bhsd : AttentionLayout.Bshd,
            Operands = new AttentionOperands
            {
                Bias = Strides("--bias", 4) is { } bias ? new BiasForm(bias, ElementType.Float32) : null,
                Mask = Strides("--mask", 4),
                AlibiSlopes = Strides("--alibi", 2, 1, 1),
                Sinks = Strides("--sink", 1, 1, 1),
                QueryTemperature = Strides("--temperature", 3, 1),
                KeyLogWeight = KeyWeight(),
                HeadGate = Strides("--head-gate", 3, 1),
                KeyLengths = KeyLengths,
            },
        };

        static int? Open(int width) => width < 0 ? null : width;
    }

    /// <summary>Writes the operands of a case and returns the arguments that name them.</summary>
    internal IEnumerable<string> Arguments(TempFolder folder, AttentionCase problem)
    {
        List<string> arguments = ["--layout", HeadsFirst ? "bhsd" : "bshd"];
        Flag(Causal, "--causal");
        Flag(TopLeft, "--causal-top-left");
        Value("--softcap", SoftCap?.ToString("R", CultureInfo.InvariantCulture));
        Value("--window", Window is { } w ? $"{w.Left},{w.Right}" : null);
        Value("--prefix", Prefix?.ToString(CultureInfo.InvariantCulture));
        Value("--diagonal-offset", Offset?.ToString(CultureInfo.InvariantCulture));
        Value("--key-lengths", KeyLengths
            ? folder.Write<int>("lengths.npy", problem.Operands.KeyLengths, problem.Shape.Batch)
            : null);
        foreach ((string option, int[] shape) in Files)
        {
            Value(option, Write(folder, problem, option, Array.ConvertAll(shape, n => (long)n)));
        }

        return arguments;

        void Flag(bool given, string name) => arguments.AddRange(given ? [name] : []);

        void Value(string name, string? value) => arguments.AddRange(value is null ? [] : [name, value]);
    }

    public override string ToString() => $"{Options().Mask}"
        + (SoftCap is null ? "" : $" softcap {SoftCap}") + (Offset is null ? "" : $" offset {Offset}")
        + (TopLeft ? " top-left" : "") + (KeyLengths ? " key-lengths" : "") + (HeadsFirst ? " bhsd" : "")
        + string.Concat(Files.Select(f => $" {f.Key[2..]} {string.Join('x', f.Value)}"));

    // Masks of an even number of axes as booleans, others as bytes with another number than 1 for true.
    private static string Write(TempFolder folder, AttentionCase problem, string option, long[] shape)
    {
        CaseOperands operands = problem.Operands;
        string name = option[2..] + ".npy";
        return option switch
        {
            "--mask" => shape.Length % 2 == 0
                ? folder.Write<bool>(name, operands.Mask, shape)
                : folder.Write<byte>(name, Array.ConvertAll(operands.Mask!, b => (byte)(b ? 200 : 0)), shape),
            "--bias" => folder.Write<float>(name, Array.ConvertAll(operands.Bias!, x => (float)x), shape),
            "--alibi" => folder.Write<float>(name, operands.AlibiSlopes, shape),
            "--sink" => folder.Write<float>(name, operands.Sinks, shape),
            "--temperature" => folder.Write<float>(name, operands.QueryTemperature, shape),
            "--key-log-weight" => folder.Write<float>(name, // the array is longer
                operands.KeyLogWeight.AsSpan(0, (int)shape.Aggregate(1L, (a, b) => a * b)), shape),
            _ => folder.Write<float>(name, operands.HeadGate, shape),
        };
    }

    private OperandStrides? Strides(string option, int rank, params int[] behind)
    {
        if (!Files.TryGetValue(option, out int[]? shape))
        {
            return null;
        }

        int[] all = [1, 1, 1, 1, .. Enumerable.Repeat(1, rank - shape.Length), .. shape, .. behind];
        all = all[^4..];
        return OperandStrides.Dense(all[0], all[1], all[2], all[3]);
    }

    // The axes batch, heads, keys: a query axis of 1 goes in between.
    private OperandStrides? KeyWeight()
    {
        if (!Files.TryGetValue("--key-log-weight", out int[]? shape))
        {
            return null;
        }

        int[] all = [1, 1, .. shape];
        return OperandStrides.Dense(all[^3], all[^2], 1, all[^1]);
    }
}
