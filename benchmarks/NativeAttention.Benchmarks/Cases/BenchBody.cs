using NativeAttention.Benchmarks.Problems;
using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>A case made ready: tensors filled, backend open, plan made.</summary>
internal abstract class BenchBody(BenchCase @case) : IDisposable
{
    /// <summary>The case.</summary>
    protected BenchCase Case { get; } = @case;

    /// <summary>The kernel that runs.</summary>
    public abstract string KernelName { get; }

    /// <summary>Makes a case ready.</summary>
    /// <param name="case">The case.</param>
    /// <param name="store">Where its inputs are; null to make them for it alone.</param>
    /// <param name="emulated">Ordinal of the emulated device, for a case of the emulator.</param>
    public static BenchBody Of(BenchCase @case, OperandStore? store = null, int emulated = 0) =>
        @case.Type switch
        {
            ElementType.Float16 => Of<Half>(@case, store ?? new OperandStore(), emulated),
            ElementType.BFloat16 => Of<BFloat16>(@case, store ?? new OperandStore(), emulated),
            _ => Of<float>(@case, store ?? new OperandStore(), emulated),
        };

    private static BenchBody Of<T>(BenchCase @case, OperandStore store, int emulated)
        where T : unmanaged =>
        @case.Family == BenchFamily.Backward ? new BackwardBody<T>(@case, store)
        : @case.MapProblem is { } map ? new MapBody<T>(@case, map, store)
        : new Typed<T>(@case, store, emulated);

    /// <summary>Does once what is measured.</summary>
    public abstract void Run();

    /// <summary>Runs, and compares the output with float64.</summary>
    public abstract Accuracy Check();

    /// <summary>Runs, and refuses an output that is not right.</summary>
    /// <exception cref="ToolException">It is not within the bound of float64.</exception>
    public Accuracy Verify()
    {
        Accuracy accuracy = Check();
        return accuracy.MaxError <= accuracy.Bound
            ? accuracy
            : throw new ToolException(ExitCodes.CheckFailed, $"{Case.Name}: the output of {KernelName} "
                + $"differs from float64 by {accuracy.MaxError:0.0e+00}, more than {accuracy.Bound:0.0e+00}");
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class Typed<T> : BenchBody
        where T : unmanaged
    {
        private readonly AttentionOptions _options;
        private readonly AttentionRuntime _runtime;
        private readonly HostAttentionPlan<T> _plan;
        private readonly Operands<T> _operands;
        private readonly T[] _output;

        public Typed(BenchCase @case, OperandStore store, int emulated)
            : base(@case)
        {
            _options = @case.Options;
            AttentionShape s = @case.Shape;
            _operands = store.Of<T>(@case);
            _output = new T[s.Batch * s.QueryLength * s.QueryHeads * s.ValueHeadDim];
            _runtime = new AttentionRuntime([@case.Device == BenchDevice.Emulator
                ? CudaBackend.Open(EmulatedDriver.Driver, emulated)
                : CpuBackend.Default]);
            _plan = _runtime.Plan<T>(s, _options);
        }

        public override string KernelName => _plan.KernelName;

        public override void Run()
        {
            switch (Case.Family)
            {
                case BenchFamily.Plan:
                    _runtime.Plan<T>(Case.Shape, _options).Dispose();
                    break;
                case BenchFamily.OneShot:
                    _runtime.Attend<T>(
                        _operands.Query, _operands.Key, _operands.Value, _output, Case.Shape, _options);
                    break;
                default:
                    _plan.Run(_operands.Inputs, _output);
                    break;
            }
        }

        public override Accuracy Check()
        {
            Array.Fill(_output, Elements.FromDouble<T>(double.NaN));
            Run();
            return _operands.Check<T>(Case, _output);
        }

        public override void Dispose()
        {
            _plan.Dispose();
            _runtime.Dispose();
        }
    }
}
