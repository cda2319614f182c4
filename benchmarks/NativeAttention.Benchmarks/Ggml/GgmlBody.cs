using System.Runtime.InteropServices;
using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.Cpu;

namespace NativeAttention.Benchmarks.Ggml;

/// <summary>
/// A case made ready for ggml: FLASH_ATTN_EXT on its CPU backend, in its best case. Every tensor and the work
/// buffer begin at a cache line; keys and values of a head lie together; queries and output are float32 and
/// accumulation is what ggml does by itself.
/// </summary>
internal sealed unsafe class GgmlBody : IDisposable
{
    private const int LineBytes = 64;
    private const int ContextBytes = 1 << 20; // tensors and graph without their data

    private readonly GgmlLibrary _ggml;
    private readonly BenchCase _case;
    private readonly List<nint> _memory = [];
    private readonly List<nint> _buffers = [];
    private readonly nint _context;
    private readonly nint _graph;
    private readonly float* _output;
    private GgmlPlan _plan;

    /// <summary>Makes a case ready.</summary>
    public GgmlBody(GgmlLibrary ggml, BenchCase @case)
    {
        (_ggml, _case) = (ggml, @case);
        AttentionShape s = @case.Shape;
        _context = ggml.Init(new GgmlInitParams { MemorySize = ContextBytes, NoAlloc = 1 });
        GgmlType type = @case.Type == ElementType.Float16 ? GgmlType.F16 : GgmlType.F32;
        nint q = Tensor(GgmlType.F32, s.HeadDim, s.QueryLength, s.QueryHeads, s.Batch, out void* query);
        nint k = Tensor(type, s.HeadDim, s.KeyLength, s.KeyValueHeads, s.Batch, out void* key);
        nint v = Tensor(type, s.ValueHeadDim, s.KeyLength, s.KeyValueHeads, s.Batch, out void* value);
        nint mask = @case.Mask == AttentionMask.Causal ? CausalMask() : 0;
        if (@case.Type == ElementType.Float16)
        {
            Operands<Half> operands = Operands<Half>.Of(s);
            HeadsFirst<Half, float>(operands.Query, (float*)query, s.QueryLength, s.QueryHeads, s.HeadDim);
            HeadsFirst<Half, Half>(operands.Key, (Half*)key, s.KeyLength, s.KeyValueHeads, s.HeadDim);
            HeadsFirst<Half, Half>(
                operands.Value, (Half*)value, s.KeyLength, s.KeyValueHeads, s.ValueHeadDim);
        }
        else
        {
            Operands<float> operands = Operands<float>.Of(s);
            HeadsFirst<float, float>(operands.Query, (float*)query, s.QueryLength, s.QueryHeads, s.HeadDim);
            HeadsFirst<float, float>(operands.Key, (float*)key, s.KeyLength, s.KeyValueHeads, s.HeadDim);
            HeadsFirst<float, float>(
                operands.Value, (float*)value, s.KeyLength, s.KeyValueHeads, s.ValueHeadDim);
        }

        nint output = ggml.FlashAttention(_context, q, k, v, mask, 1 / MathF.Sqrt(s.HeadDim), 0, 0);
        _output = (float*)Place(output);
        _graph = ggml.NewGraph(_context);
        ggml.BuildForward(_graph, output);
        _plan = ggml.Plan(_graph, @case.Threads ?? Environment.ProcessorCount, 0);
        _plan.WorkData = (nint)Allocate(_plan.WorkSize);
    }

    /// <summary>Why ggml cannot run a case at its best; null when it can.</summary>
    public static string? Refusal(BenchCase @case) => @case switch
    {
        { Device: not BenchDevice.Cpu } => "it is not on the CPU",
        { Family: not BenchFamily.Dense } => "ggml has no such call",
        { Type: ElementType.BFloat16 } => "ggml has no tiled path for bfloat16 keys and values",
        _ => null,
    };

    /// <summary>Does once what is measured.</summary>
    /// <exception cref="InvalidOperationException">ggml says that it failed.</exception>
    public void Run()
    {
        int status;
        fixed (GgmlPlan* plan = &_plan)
        {
            status = _ggml.Compute(_graph, plan);
        }

        if (status != 0)
        {
            throw new InvalidOperationException($"ggml_graph_compute returned {status}");
        }
    }

    /// <summary>Runs, and compares the output with float64.</summary>
    public Accuracy Check()
    {
        AttentionShape s = _case.Shape;
        Span<float> output = new(_output, s.Batch * s.QueryLength * s.QueryHeads * s.ValueHeadDim);
        output.Fill(float.NaN);
        Run();
        // Its output is [batch, queries, heads, dim] whatever its inputs are.
        return _case.Type == ElementType.Float16
            ? Operands<Half>.Of(s).Check<float>(_case, output)
            : Operands<float>.Of(s).Check<float>(_case, output);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ggml.Free(_context);
        foreach (nint buffer in _buffers)
        {
            _ggml.FreeBuffer(buffer);
        }

        foreach (nint memory in _memory)
        {
            NativeMemory.AlignedFree((void*)memory);
        }
    }

    // ggml takes masks in float16: 0 where a query sees a key, minus infinity where not.
    private nint CausalMask()
    {
        AttentionShape s = _case.Shape;
        nint mask = Tensor(GgmlType.F16, s.KeyLength, s.QueryLength, 1, 1, out void* data);
        for (int i = 0; i < s.QueryLength; i++)
        {
            Span<Half> row = new((Half*)data + ((long)i * s.KeyLength), s.KeyLength);
            int visible = i + 1 + s.KeyLength - s.QueryLength;
            row[..visible].Clear();
            row[visible..].Fill(Half.NegativeInfinity);
        }

        return mask;
    }

    // Lengths from the innermost on.
    private nint Tensor(GgmlType type, long a, long b, long c, long d, out void* data)
    {
        nint tensor = _ggml.NewTensor(_context, type, a, b, c, d);
        data = Place(tensor);
        return tensor;
    }

    private void* Place(nint tensor)
    {
        nuint bytes = _ggml.ByteCount(tensor);
        void* data = Allocate(bytes);
        nint buffer = _ggml.BufferOf(data, bytes);
        _buffers.Add(buffer);
        return _ggml.Place(buffer, tensor, data) == 0
            ? data
            : throw new InvalidOperationException("ggml_backend_tensor_alloc refused a tensor");
    }

    private void* Allocate(nuint bytes)
    {
        void* memory = NativeMemory.AlignedAlloc(Math.Max(bytes, LineBytes), LineBytes);
        _memory.Add((nint)memory);
        return memory;
    }

    // From [batch, positions, heads, dim] to [batch, heads, positions, dim].
    private void HeadsFirst<TFrom, TTo>(TFrom[] from, TTo* to, int length, int heads, int dim)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        for (int row = 0; row < _case.Shape.Batch * heads * length; row++)
        {
            (int batchHead, int position) = Math.DivRem(row, length);
            (int batch, int head) = Math.DivRem(batchHead, heads);
            int start = ((((batch * length) + position) * heads) + head) * dim;
            ReadOnlySpan<TFrom> source = from.AsSpan(start, dim);
            Span<TTo> target = new(to + ((long)row * dim), dim);
            if (typeof(TFrom) == typeof(TTo))
            {
                MemoryMarshal.Cast<TFrom, TTo>(source).CopyTo(target);
            }
            else
            {
                ElementConvert.Widen(source, MemoryMarshal.Cast<TTo, float>(target));
            }
        }
    }
}
