using NativeAttention.Cuda;
using NativeAttention.Emulation;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>A case made ready: tensors filled, backend open, plan made.</summary>
internal abstract class BenchBody : IDisposable
{
    /// <summary>The kernel that runs.</summary>
    public abstract string KernelName { get; }

    /// <summary>Makes a case ready.</summary>
    /// <param name="case">The case.</param>
    /// <param name="store">Where its inputs are; null to make them for it alone.</param>
    public static BenchBody Of(BenchCase @case, OperandStore? store = null) => @case.Type switch
    {
        ElementType.Float16 => new Typed<Half>(@case, store ?? new OperandStore()),
        ElementType.BFloat16 => new Typed<BFloat16>(@case, store ?? new OperandStore()),
        _ => new Typed<float>(@case, store ?? new OperandStore()),
    };

    /// <summary>Does once what is measured.</summary>
    public abstract void Run();

    /// <summary>Runs, and compares the output with float64.</summary>
    public abstract Accuracy Check();

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class Typed<T> : BenchBody
        where T : unmanaged
    {
        private readonly BenchCase _case;
        private readonly AttentionOptions _options;
        private readonly AttentionRuntime _runtime;
        private readonly HostAttentionPlan<T> _plan;
        private readonly Operands<T> _operands;
        private readonly T[] _output;

        public Typed(BenchCase @case, OperandStore store)
        {
            _case = @case;
            _options = @case.Options;
            AttentionShape s = @case.Shape;
            _operands = store.Of<T>(@case);
            _output = new T[s.Batch * s.QueryLength * s.QueryHeads * s.ValueHeadDim];
            _runtime = new AttentionRuntime([@case.Device == BenchDevice.Emulator
                ? CudaBackend.Open(EmulatedDriver.Driver, 0)
                : CpuBackend.Default]);
            _plan = _runtime.Plan<T>(s, _options);
        }

        public override string KernelName => _plan.KernelName;

        public override void Run()
        {
            switch (_case.Family)
            {
                case BenchFamily.Plan:
                    _runtime.Plan<T>(_case.Shape, _options).Dispose();
                    break;
                case BenchFamily.OneShot:
                    _runtime.Attend<T>(
                        _operands.Query, _operands.Key, _operands.Value, _output, _case.Shape, _options);
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
            return RowCheck.Of<T, T>(_case, _operands, _output);
        }

        public override void Dispose()
        {
            _plan.Dispose();
            _runtime.Dispose();
        }
    }
}
