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
    private readonly List<DeviceTensor<T>> _tensors = [];
    private readonly Operands<T>[] _sets;
    private readonly DenseSpotCheck _check;

    public DenseCase(BenchmarkBench bench, AttentionPlan<T> plan, TimeSpan moduleLoad)
    {
        _bench = bench;
        _plan = plan;
        ModuleLoad = moduleLoad;
        AttentionProblem problem = plan.Problem;
        Flops = CaseWork.DenseFlops(problem.Shape, problem.Options.Mask);
        Bytes = CaseWork.DenseBytes(problem.Shape, problem.ElementType);
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
        _plan.Run(x.Query, x.Key, x.Value, x.Output, _bench.Stream);
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
        _tensors.ForEach(t => t.Dispose());
        _plan.Dispose();
    }

    private void Fill(AttentionProblem problem)
    {
        AttentionShape s = problem.Shape;
        ElementType type = problem.ElementType;
        DeviceTensor<T> query = Upload(s.QueryLength, s.QueryHeads, s.HeadDim, _check.QueryPlace);
        DeviceTensor<T> key = Upload(s.KeyLength, s.KeyValueHeads, s.HeadDim, _check.KeyPlace);
        DeviceTensor<T> value = Upload(s.KeyLength, s.KeyValueHeads, s.ValueHeadDim, _check.ValuePlace);
        T[] poison = new T[problem.OutputStorageLength];
        Array.Fill(poison, Elements.FromDouble<T>(double.NaN));
        DeviceTensor<T> output = Keep(_bench.Device.Upload<T>(
            poison, Dims(s.QueryLength, s.QueryHeads, s.ValueHeadDim), _bench.Stream));
        _sets[0] = new Operands<T>(query, key, value, output);
        for (int i = 1; i < _sets.Length; i++)
        {
            _sets[i] = new Operands<T>(Copy(query), Copy(key), Copy(value), Copy(output));
        }

        DeviceTensor<T> Upload(int length, int heads, int dim, int place) => Keep(_bench.Device.Upload<T>(
            _bench.Random.Elements<T>(type, place, (long)s.Batch * length * heads * dim),
            Dims(length, heads, dim), _bench.Stream));

        int[] Dims(int length, int heads, int dim) => problem.Options.Layout == AttentionLayout.Bhsd
            ? [s.Batch, heads, length, dim]
            : [s.Batch, length, heads, dim];
    }

    private DeviceTensor<T> Copy(DeviceTensor<T> source)
    {
        DeviceTensor<T> copy = Keep(_bench.Device.Allocate<T>(source.Dims, _bench.Stream));
        source.AsView().CopyTo(copy, _bench.Stream);
        return copy;
    }

    private DeviceTensor<T> Keep(DeviceTensor<T> tensor)
    {
        _tensors.Add(tensor);
        return tensor;
    }
}
