using NativeAttention.Cuda;
using NativeAttention.Emulation;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>A case made ready: tensors filled, backend open, plan made.</summary>
internal abstract class BenchBody : IDisposable
{
    private const int Seed = 20261120;

    /// <summary>The kernel that runs.</summary>
    public abstract string KernelName { get; }

    /// <summary>Makes a case ready.</summary>
    public static BenchBody Of(BenchCase @case) => @case.Type switch
    {
        ElementType.Float16 => new Typed<Half>(@case),
        ElementType.BFloat16 => new Typed<BFloat16>(@case),
        _ => new Typed<float>(@case),
    };

    /// <summary>Does once what is measured.</summary>
    public abstract void Run();

    /// <inheritdoc/>
    public abstract void Dispose();

    private sealed class Typed<T> : BenchBody
        where T : unmanaged
    {
        private readonly BenchCase _case;
        private readonly AttentionOptions _options;
        private readonly AttentionRuntime _runtime;
        private readonly HostAttentionPlan<T> _plan;
        private readonly T[] _query;
        private readonly T[] _key;
        private readonly T[] _value;
        private readonly T[] _output;

        public Typed(BenchCase @case)
        {
            _case = @case;
            _options = @case.Options;
            AttentionShape s = @case.Shape;
            Random random = new(Seed);
            _query = Draw(random, s.Batch * s.QueryLength * s.QueryHeads * s.HeadDim);
            _key = Draw(random, s.Batch * s.KeyLength * s.KeyValueHeads * s.HeadDim);
            _value = Draw(random, s.Batch * s.KeyLength * s.KeyValueHeads * s.ValueHeadDim);
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
                    _runtime.Attend<T>(_query, _key, _value, _output, _case.Shape, _options);
                    break;
                default:
                    _plan.Run(_query, _key, _value, _output);
                    break;
            }
        }

        public override void Dispose()
        {
            _plan.Dispose();
            _runtime.Dispose();
        }

        private static T[] Draw(Random random, int count)
        {
            float[] drawn = [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
            T[] values = new T[count];
            ElementConvert.Narrow<T>(drawn, values);
            return values;
        }
    }
}
