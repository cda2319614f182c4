using NativeAttention.Benchmarks.Problems;
using NativeAttention.Cuda;
using NativeAttention.Tool.Results;
using NativeAttention.Tool.Verification;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>A dense problem on a device. All sets of tensors hold the same numbers at other addresses.</summary>
internal sealed class DenseCase<T> : IPreparedCase
    where T : unmanaged
{
    private readonly BenchmarkBench _bench;
    private readonly AttentionPlan<T> _plan;
    private readonly List<IDisposable> _memory = [];
    private readonly Operands<T>[] _sets;
    private readonly DenseSpotCheck _check;

    public DenseCase(BenchmarkBench bench, DenseProblem problem, AttentionPlan<T> plan, TimeSpan moduleLoad)
    {
        _bench = bench;
        _plan = plan;
        ModuleLoad = moduleLoad;
        Flops = WorkCounts.Flops(problem);
        Bytes = WorkCounts.Bytes(problem);
        _check = new DenseSpotCheck(problem, bench.Random);
        _sets = new Operands<T>[bench.SetsBeyondCache(Bytes)];
        try
        {
            Fill(problem);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Kernel => _plan.KernelName;

    public TimeSpan ModuleLoad { get; }

    public double Flops { get; }

    public double Bytes { get; }

    public ResultMetric Metric => ResultMetric.Tflops;

    public int Sets => _sets.Length;

    public void Launch(int set)
    {
        ref readonly Operands<T> x = ref _sets[set];
        _plan.Run(x.Optional.With(x.Query, x.Key, x.Value), x.Output, _bench.Stream);
    }

    public SpotCheck Check()
    {
        T[] output = new T[_plan.Problem.OutputStorageLength];
        double error = 0;
        foreach (Operands<T> set in _sets)
        {
            set.Output.Download(output, _bench.Stream);
            error = Math.Max(error, _check.MaxError<T>(output));
        }

        return new SpotCheck(error, _check.Bound);
    }

    public void Dispose()
    {
        _memory.ForEach(m => m.Dispose());
        _plan.Dispose();
    }

    private void Fill(DenseProblem problem)
    {
        AttentionShape s = problem.Shape;
        (int Queries, int Keys) tokens = problem.Packed is { } packed ? (packed.Queries, packed.Keys)
            : (s.QueryLength, s.KeyLength);
        DeviceTensor<T> query = Upload(tokens.Queries, s.QueryHeads, s.HeadDim, _check.QueryPlace);
        DeviceTensor<T> key = Upload(tokens.Keys, s.KeyValueHeads, s.HeadDim, _check.KeyPlace);
        DeviceTensor<T> value = Upload(tokens.Keys, s.KeyValueHeads, s.ValueHeadDim, _check.ValuePlace);
        T[] poison = new T[problem.Problem.OutputStorageLength];
        Array.Fill(poison, Elements.FromDouble<T>(double.NaN));
        DeviceTensor<T> output = Keep(_bench.Device.Upload<T>(
            poison, Dims(tokens.Queries, s.QueryHeads, s.ValueHeadDim), _bench.Stream));
        _sets[0] = new Operands<T>(query, key, value, output, Optional());
        for (int i = 1; i < _sets.Length; i++)
        {
            _sets[i] = new Operands<T>(Copy(query), Copy(key), Copy(value), Copy(output), Optional());
        }

        DeviceTensor<T> Upload(int length, int heads, int dim, int place)
        {
            int[] dims = Dims(length, heads, dim);
            long count = dims.Aggregate(1L, (product, d) => product * d);
            return Keep(_bench.Device.Upload<T>(
                _bench.Random.Elements<T>(problem.Problem.ElementType, place, count), dims, _bench.Stream));
        }

        int[] Dims(int length, int heads, int dim) => problem.Packed is not null ? [length, heads, dim]
            : problem.Options.Layout == AttentionLayout.Bhsd ? [s.Batch, heads, length, dim]
            : [s.Batch, length, heads, dim];
    }

    private HostOperands<T> Optional()
    {
        HostOperands<T> operands = Keep(new HostOperands<T>(_bench.Device, _plan.Operands, _bench.Stream));
        operands.Upload(_check.Operands.With<T>([], [], []), _bench.Stream);
        return operands;
    }

    private DeviceTensor<T> Copy(DeviceTensor<T> source)
    {
        DeviceTensor<T> copy = Keep(_bench.Device.Allocate<T>(source.Dims, _bench.Stream));
        source.AsView().CopyTo(copy, _bench.Stream);
        return copy;
    }

    private TMemory Keep<TMemory>(TMemory memory)
        where TMemory : IDisposable
    {
        _memory.Add(memory);
        return memory;
    }
}
