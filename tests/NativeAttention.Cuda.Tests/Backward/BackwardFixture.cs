using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>One backend for all tests of a class, and cases as they are run on it.</summary>
public abstract class BackwardFixture
{
    /// <summary>The rungs that every case runs on.</summary>
    protected static readonly string[] Rungs = ["tiled", "reference"];

    private readonly int _turn = Environment.TickCount & 3;
    private CudaBackend _backend = null!;

    /// <summary>The backend.</summary>
    protected CudaBackend Backend => _backend;

    [OneTimeSetUp]
    public void Open() =>
        _backend = CudaBackend.Open(TestDevice.Driver, TestDevice.NewOrdinal(EmulatorOptions.Default));

    [OneTimeTearDown]
    public void Close() => _backend.Dispose();

    /// <summary>Whether a rung takes case <paramref name="n"/>: the reference takes each in one type, in turn.</summary>
    protected static bool Takes(string rung, ElementType type, int n) =>
        rung == "tiled" || type == Enum.GetValues<ElementType>()[n % 3];

    /// <summary>Hints for a rung.</summary>
    protected static TuningHints On(string rung) => new() { Rung = rung };

    /// <summary>
    /// Runs a case, checks it, and prints how far each gradient was off. Every fourth, and others in the next run, must
    /// give the same bits a second time.
    /// </summary>
    protected void Run(PairCase test)
    {
        ArgumentNullException.ThrowIfNull(test);
        bool repeat = (test.Seed & 3) == _turn;
        TestContext.Out.WriteLine($"turn {_turn}, run {(repeat ? "twice" : "once")}");
        foreach (GradientErrors errors in test.RunBackwardOn(_backend, repeat))
        {
            TestContext.Out.WriteLine(errors);
        }
    }
}
