using NativeAttention.Cuda;
using NativeAttention.Tool.Verification;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>
/// The sets of tensors of a case: all hold the same random numbers at other addresses, and outputs that are not
/// numbers until they are written.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed class OperandSets<T> : IDisposable
    where T : unmanaged
{
    private readonly BenchmarkBench _bench;
    private readonly DenseSpotCheck _check;
    private readonly List<DeviceTensor<T>> _memory = [];
    private readonly Operands<T>[] _sets;

    /// <summary>Allocates and fills them.</summary>
    /// <param name="bench">The device.</param>
    /// <param name="dims">Dims of the tensors.</param>
    /// <param name="bytes">Bytes that one launch reads and writes.</param>
    /// <param name="check">Where the inputs are in the pool, and what outputs are compared with.</param>
    public OperandSets(BenchmarkBench bench, OperandDims dims, double bytes, DenseSpotCheck check)
    {
        (_bench, _check) = (bench, check);
        _sets = new Operands<T>[bench.SetsBeyondCache(bytes)];
        try
        {
            Fill(dims);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Number of sets.</summary>
    public int Count => _sets.Length;

    /// <summary>One of them.</summary>
    public ref readonly Operands<T> this[int set] => ref _sets[set];

    /// <summary>Compares the outputs of all sets with float64.</summary>
    public SpotCheck Check()
    {
        T[] output = new T[Length(_sets[0].Output.Dims)];
        double error = 0;
        foreach (Operands<T> set in _sets)
        {
            set.Output.Download(output, _bench.Stream);
            error = Math.Max(error, _check.MaxError<T>(output));
        }

        return new SpotCheck(error, _check.Bound);
    }

    public void Dispose() => _memory.ForEach(m => m.Dispose());

    private void Fill(OperandDims dims)
    {
        DeviceTensor<T> query = Random(dims.Query, _check.QueryPlace);
        DeviceTensor<T> key = Random(dims.Key, _check.KeyPlace);
        DeviceTensor<T> value = Random(dims.Value, _check.ValuePlace);
        T[] poison = new T[Length(dims.Output)];
        Array.Fill(poison, Elements.FromDouble<T>(double.NaN));
        DeviceTensor<T> output = Upload(poison, dims.Output);
        _sets[0] = new Operands<T>(query, key, value, output);
        for (int i = 1; i < _sets.Length; i++)
        {
            _sets[i] = new Operands<T>(Copy(query), Copy(key), Copy(value), Copy(output));
        }
    }

    private DeviceTensor<T> Random(int[] dims, int place) =>
        Upload(_bench.Random.Elements<T>(_check.ElementType, place, Length(dims)), dims);

    private DeviceTensor<T> Upload(T[] elements, int[] dims) =>
        Keep(_bench.Device.Upload<T>(elements, dims, _bench.Stream));

    private DeviceTensor<T> Copy(DeviceTensor<T> source)
    {
        DeviceTensor<T> copy = Keep(_bench.Device.Allocate<T>(source.Dims, _bench.Stream));
        source.AsView().CopyTo(copy, _bench.Stream);
        return copy;
    }

    private DeviceTensor<T> Keep(DeviceTensor<T> tensor)
    {
        _memory.Add(tensor);
        return tensor;
    }

    private static long Length(ReadOnlySpan<int> dims)
    {
        long length = 1;
        foreach (int dim in dims)
        {
            length *= dim;
        }

        return length;
    }
}
