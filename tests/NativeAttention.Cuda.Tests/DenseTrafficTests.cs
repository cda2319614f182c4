using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// What the tiled kernel moves through global memory, counted on the emulator, against the formula: queries
/// read once, keys and values once per query tile that visits them, output and log-sum-exp written once.
/// </summary>
public sealed class DenseTrafficTests
{
    private const double Tolerance = 0.05;

    public static IEnumerable<AttentionCase> Cases() =>
        from type in Enum.GetValues<ElementType>()
        from test in new (AttentionShape Shape, AttentionMask Mask)[]
        {
            (new(1, 128, 128, 1, 1, 64), AttentionMask.None),
            (new(2, 256, 320, 4, 2, 64), AttentionMask.None),
            (new(1, 300, 300, 2, 2, 128), AttentionMask.Causal),
            (new(1, 129, 517, 2, 1, 32, 16), AttentionMask.Causal),
            (new(1, 200, 130, 3, 1, 96), AttentionMask.CausalTopLeft),
        }
        select new AttentionCase(type, test.Shape, new AttentionOptions
        {
            Mask = test.Mask,
            Tuning = new TuningHints { Rung = "tiled" },
        }, seed: 800);

    [TestCaseSource(nameof(Cases))]
    public void Global_traffic_is_that_of_the_formula_and_shared_memory_has_no_bank_conflicts(AttentionCase test)
    {
        ArgumentNullException.ThrowIfNull(test);
        KernelProfile profile = ProfileOf(test);
        (double read, double written) = Formula(test, KernelCatalog.Find(profile.Kernel));
        double sectorsRead = 32.0 * profile.Statements
            .Where(s => s.Class == InstructionClass.AsyncCopy).Sum(s => s.Global.Transactions);
        TestContext.Out.WriteLine($"{profile.Kernel}: read {profile.Global.BytesRead:N0} of {read:N0} bytes, "
            + $"in sectors {sectorsRead:N0}; written {profile.Global.BytesWritten:N0} of {written:N0}; "
            + $"sectors {profile.Global.Ratio:F3}, bank passes {profile.Shared.Ratio:F3} of the minimum");
        Assert.That(profile.Global.BytesRead, Is.EqualTo(read).Within(read * Tolerance));
        Assert.That(profile.Global.BytesWritten, Is.EqualTo(written).Within(written * Tolerance));
        Assert.That(sectorsRead, Is.EqualTo(read).Within(read * Tolerance));
        Assert.That(profile.Statements.Where(s => s.Shared.Transactions > s.Shared.MinimumTransactions)
            .Select(s => $"line {s.Line}: {s.Statement} {s.Shared.Ratio:F2}"), Is.Empty);
    }

    private static KernelProfile ProfileOf(AttentionCase test)
    {
        if (!TestDevice.IsEmulated)
        {
            Assert.Ignore("Only the emulator counts.");
        }

        int ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with { Profile = true });
        using CudaBackend backend = CudaBackend.Open(EmulatedDriver.Driver, ordinal);
        DenseRunner.Run(backend.Device, test);
        return EmulatedDriver.GetProfiles(ordinal).Single();
    }

    private static (double Read, double Written) Formula(AttentionCase test, KernelInfo kernel)
    {
        AttentionShape s = test.Shape;
        double element = test.ElementType == ElementType.Float32 ? 4 : 2;
        double queries = 0;
        double keys = 0;
        for (int first = 0; first < s.QueryLength; first += kernel.QueriesPerBlock)
        {
            int count = Math.Min(kernel.QueriesPerBlock, s.QueryLength - first);
            int visible = LastVisible(test, first + count - 1) + 1;
            // Whole tiles are copied, as far as there are keys.
            int tiles = (visible + kernel.KeysPerTile - 1) / kernel.KeysPerTile;
            keys += Math.Min(tiles * kernel.KeysPerTile, s.KeyLength);
            queries += visible > 0 ? count : 0;
        }

        double heads = s.Batch * s.QueryHeads;
        double rows = heads * s.QueryLength;
        return (heads * element * ((queries * s.HeadDim) + (keys * (s.HeadDim + s.ValueHeadDim))),
            (rows * s.ValueHeadDim * element) + (rows * sizeof(float)));
    }

    private static int LastVisible(AttentionCase test, int query)
    {
        AttentionShape s = test.Shape;
        int last = test.Options.Mask == AttentionMask.None ? s.KeyLength - 1
            : test.Options.Mask == AttentionMask.Causal ? query + s.KeyLength - s.QueryLength
            : query;
        return Math.Clamp(last, -1, s.KeyLength - 1);
    }
}
