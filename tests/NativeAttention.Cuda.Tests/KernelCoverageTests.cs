using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// A handful of cases executes every PTX statement of every shipped kernel: what no test runs, no test has
/// checked.
/// </summary>
public sealed class KernelCoverageTests
{
    // Statements that no input reaches, each with the reason; none so far.
    private static readonly (string Kernel, string Statement, string Reason)[] Exceptions = [];

    public static IEnumerable<string> Kernels() => KernelCatalog.Kernels.Select(k => k.Name);

    // Those of the other families are covered by the tests of their operations.
    public static IEnumerable<string> AttentionKernels() =>
        KernelCatalog.Kernels.Where(k => k.Family is "dense" or "neighborhood").Select(k => k.Name);

    [TestCaseSource(nameof(AttentionKernels))]
    public void The_cases_execute_every_statement(string name)
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only the emulator tells what was executed.");
        }

        KernelInfo kernel = KernelCatalog.Find(name);
        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Profile = true });
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, ordinal);
        if (kernel.Family == "neighborhood")
        {
            RunMaps(backend, kernel);
        }
        else
        {
            RunSequences(backend, kernel);
        }

        KernelProfile profile = EmulatedDriver.GetProfiles(ordinal).Single();
        Assert.That(profile.Kernel, Is.EqualTo(name));
        Assert.That(profile.Unexecuted()
            .Where(s => !Exceptions.Any(e => e.Kernel == name && e.Statement == s.Statement))
            .Select(s => $"line {s.Line}: {s.Statement}"), Is.Empty);
    }

    private static void RunSequences(CudaBackend backend, KernelInfo kernel)
    {
        foreach (AttentionCase test in Cases(kernel))
        {
            DenseRunner.Run(backend.Device, test);
        }

        DenseRunner.Run(backend.Device, Cases(kernel).First(), withLse: false);
    }

    private static void RunMaps(CudaBackend backend, KernelInfo kernel)
    {
        foreach (NeighborhoodCase test in MapCases(kernel))
        {
            test.RunOn(backend);
        }

        MapCases(kernel).First().RunOn(backend, withLse: false);
    }

    // Aligned rows and odd ones; sections to search in; windows with full tiles and circles with none; more extra keys
    // than a tile has; a bias; a negative scale; every remainder of a loop over the head dim.
    private static IEnumerable<NeighborhoodCase> MapCases(KernelInfo kernel)
    {
        int d = kernel.MaxHeadDim;
        NeighborhoodShape shape = new(1, new GridShape(9, 21), 2, 1, d);
        PatternSpec windows = PatternSpec.Windows(new(4, 2, 2), new(9, 9));
        yield return Case(shape with { ExtraKeys = kernel.KeysPerTile + 3 }, windows, bias: true);
        yield return Case(shape with { HeadDim = d - 3, ValueHeadDim = d - 1, ExtraKeys = 3 }, windows);
        yield return Case(shape with { HeadDim = d - 2, ValueHeadDim = d - 2 }, PatternSpec.Circular(3));
        yield return Case(shape with { HeadDim = d - 1, ValueHeadDim = d - 3 }, PatternSpec.Windows(9, 21));
        // Corners of the box lie outside the circle, at either end of the walk; 28 is the least radius of tiles of 8 x 8.
        NeighborhoodShape wide = shape with { Grid = new GridShape(40, 40), QueryHeads = 1, HeadDim = 8, ValueHeadDim = 8 };
        yield return new(kernel.ElementType, wide, PatternSpec.Circular(28), 921)
        {
            Scale = -0.5f,
            Tuning = new TuningHints { Rung = kernel.Rung },
        };

        NeighborhoodCase Case(NeighborhoodShape s, PatternSpec pattern, bool bias = false) =>
            NeighborhoodCases.Case(kernel.ElementType, s, pattern, kernel.Rung, 920, bias);
    }

    // The estimate of registers is that of the order in the text; the assembler finds better ones.
    [TestCaseSource(nameof(Kernels))]
    public void The_loader_warns_of_nothing_but_register_pressure(string name)
    {
        using EmulatedGpu gpu = new();
        Assert.That(gpu.Load(KernelCatalog.Find(name).ReadPtx(), name).Warnings.Select(w => w.Message),
            Is.All.Contains("registers live at one point"));
    }

    // Whole rows by vectors and pairs; odd rows element by element; a full tile before a masked one; a scale
    // that must be applied before the maximum; rows and blocks that see no key; every remainder of a loop
    // over the head dim that a compiler may unroll by four.
    private static IEnumerable<AttentionCase> Cases(KernelInfo kernel)
    {
        const string Modified = "_mod";
        bool modified = kernel.Rung.EndsWith(Modified, StringComparison.Ordinal);
        string rung = modified ? kernel.Rung[..^Modified.Length] : kernel.Rung;
        int d = kernel.MaxHeadDim;
        int tile = kernel.KeysPerTile;
        AttentionOptions options = new() { Tuning = new TuningHints { Rung = rung } };
        AttentionOptions causal = options with { Mask = AttentionMask.Causal };
        AttentionShape[] shapes =
        [
            new(1, kernel.QueriesPerBlock + 1, (2 * Math.Max(tile, 32)) + 5, 2, 1, d),
            new(1, kernel.QueriesPerBlock + 9, Math.Max(tile, 32) + 3, 1, 1, d - 3, d - 1),
            new(1, kernel.QueriesPerBlock + 9, 5, 1, 1, d),
            new(1, 3, 5, 1, 1, d - 2, d - 2),
            new(1, 3, 5, 1, 1, d - 1, d - 3),
        ];
        for (int i = 0; i < shapes.Length; i++)
        {
            yield return new AttentionCase(kernel.ElementType, shapes[i],
                modified ? Modify(kernel.ElementType, shapes[i], causal, i) : causal, seed: 900 + i);
        }

        AttentionOptions negative = options with { Scale = -0.5f };
        yield return new AttentionCase(kernel.ElementType, shapes[1],
            modified ? Modify(kernel.ElementType, shapes[1], negative, 5) : negative, seed: 910);
    }

    // Every operand in one of two forms, or absent, and each kind of lengths.
    private static AttentionOptions Modify(ElementType type, AttentionShape s, AttentionOptions options, int n)
    {
        bool packed = n == 3;
        OperandStrides matrix = OperandStrides.Dense(s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength);
        OperandStrides queries = OperandStrides.Dense(1, 1, s.QueryLength, 1);
        return options with
        {
            SoftCap = n % 2 == 0 ? 2 : null,
            Mask = n < 2 ? AttentionMask.Window(20, 0).WithSinkTokens(3) : options.Mask,
            Layout = packed ? AttentionLayout.Packed(s.QueryLength, s.KeyLength) : options.Layout,
            Operands = n == 4 ? AttentionOperands.None : new AttentionOperands
            {
                Bias = new BiasForm(matrix, n % 2 == 0 ? ElementType.Float32 : type),
                Mask = matrix,
                AlibiSlopes = OperandStrides.PerHead,
                Sinks = OperandStrides.PerHead,
                QueryTemperature = queries,
                KeyLogWeight = OperandStrides.Dense(1, 1, 1, s.KeyLength),
                HeadGate = queries,
                KeyLengths = n == 1,
            },
        };
    }
}
