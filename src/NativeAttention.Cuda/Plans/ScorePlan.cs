using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>
/// A planned pass over the scores of a problem, over device tensors: made once by
/// <see cref="CudaDevice.PlanScores{T}"/>, run many times, from any thread and in any stream. Immutable; <c>Run</c>
/// allocates nothing and returns as soon as the work is in the stream.
/// </summary>
/// <remarks>
/// Query and key are taken as <see cref="AttentionPlan{T}"/> takes them. Equal inputs give equal bits.
/// </remarks>
/// <typeparam name="T">Element type: <see cref="float"/>, <see cref="Half"/> or
/// <see cref="BFloat16"/>.</typeparam>
/// <example>
/// <code>
/// using AttentionPlan&lt;Half&gt; plan = gpu.Plan&lt;Half&gt;(shape, options);
/// using ScorePlan&lt;Half&gt; scores = gpu.PlanScores&lt;Half&gt;(shape, options, new() { ColumnSums = true });
/// plan.Run(inputs, output, lse, stream);
/// scores.Run(inputs, lse, new() { ColumnSums = sums }, stream);
/// </code>
/// </example>
public sealed class ScorePlan<T> : IDisposable, IDeviceResource
    where T : unmanaged
{
    private readonly ScoreKernel _kernel;
    private readonly DeviceResource _resource;

    internal ScorePlan(CudaDevice device, AttentionProblem problem, ScoreRequest request)
    {
        Problem = problem;
        Request = request;
        Axes = OperandAxes.Of(problem);
        Operands = new OptionalOperands(problem);
        _kernel = new ScoreKernel(device, problem, request);
        _resource = new DeviceResource(device, this, TearDownOrder.Plan, $"ScorePlan<{typeof(T).Name}>");
    }

    /// <summary>The device it runs on.</summary>
    public CudaDevice Device => _resource.Device;

    /// <summary>The problem whose scores it returns.</summary>
    public AttentionProblem Problem { get; }

    /// <summary>What it returns.</summary>
    public ScoreRequest Request { get; }

    /// <summary>
    /// Name of the kernel that was chosen; <see cref="KernelCatalog.Find"/> knows more about it.
    /// </summary>
    public string KernelName => _kernel.Entry.Name;

    /// <summary>The operands of the problem.</summary>
    internal OperandAxes Axes { get; }

    /// <summary>The optional operands that the problem announces.</summary>
    internal OptionalOperands Operands { get; }

    /// <summary>Computes what the request asks for. Returns when the work is in the stream.</summary>
    /// <param name="inputs">Query, key, and the operands that the options announced. The value is not read and may
    /// be left out.</param>
    /// <param name="lse">The log-sum-exp of an attention run with the same inputs, dense [batch, query heads, query
    /// length]; needed for probabilities and statistics, and else left out.</param>
    /// <param name="results">What is asked for; must not overlap each other nor what is read.</param>
    /// <param name="stream">A stream of the same device.</param>
    /// <exception cref="ArgumentException">A tensor that is missing, was not asked for, has the wrong dims, is of
    /// another device or overlaps what is written; an operand that breaks a rule. Nothing was
    /// written.</exception>
    /// <exception cref="CudaException">The driver refused the launch.</exception>
    /// <exception cref="ObjectDisposedException">The plan, a tensor, the stream or the device was
    /// disposed.</exception>
    public void Run(in DeviceAttentionInputs<T> inputs, in DeviceView<float> lse, in DeviceScoreResults<T> results,
        CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            call.Hold(inputs.Query, "query", stream);
            call.Hold(inputs.Key, "key", stream);
            ScoreParams p = _kernel.Template;
            ref DenseForwardParams dense = ref p.Attention.Dense;
            dense.Query = Axes.Query.Bind(inputs.Query, "query");
            dense.Key = Axes.Key.Bind(inputs.Key, "key");
            Launch(p, ref call, inputs, lse, results, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>
    /// Gives the plan back; runs already in a stream go on. Never throws; a second call does nothing.
    /// </summary>
    public void Dispose() => _resource.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"{KernelName} on {Device}";

    /// <summary>As <c>Run</c>, with query and key as storage for the layout's strides, whatever the layout.</summary>
    internal void RunOnStorage(in DeviceAttentionInputs<T> inputs, in DeviceView<float> lse,
        in DeviceScoreResults<T> results, CudaStream stream)
    {
        DeviceCall call = new(Device);
        try
        {
            call.Hold(_resource);
            call.Hold(stream, nameof(stream));
            call.Hold(inputs.Query, "query", stream);
            call.Hold(inputs.Key, "key", stream);
            ScoreParams p = _kernel.Template;
            p.Attention.Dense.Query = Axes.Query.Bind(inputs.Query.Pointer);
            p.Attention.Dense.Key = Axes.Key.Bind(inputs.Key.Pointer);
            Launch(p, ref call, inputs, lse, results, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    void IDeviceResource.TearDown()
    {
        // The kernel's module stays with the device.
    }

    // Checks the rest, and launches.
    private void Launch(ScoreParams p, ref DeviceCall call, in DeviceAttentionInputs<T> inputs,
        in DeviceView<float> lse, in DeviceScoreResults<T> results, CudaStream stream)
    {
        AttentionShape s = Problem.Shape;
        int side = Request.BlockMaxima ?? 1;
        MemoryRange scores = Take(ref call, results.Scores, "Scores", Request.Scores is not null,
            [s.Batch, s.QueryHeads, s.QueryLength, s.KeyLength], "batch, query heads, query length, key length",
            stream);
        MemoryRange sums = Take(ref call, results.ColumnSums, "ColumnSums", Request.ColumnSums,
            [s.Batch, s.QueryHeads, s.KeyLength], "batch, query heads, key length", stream);
        MemoryRange entropy = Take(ref call, results.RowEntropy, "RowEntropy", Request.RowEntropy,
            [s.Batch, s.QueryHeads, s.QueryLength], "batch, query heads, query length", stream);
        MemoryRange maxima = Take(ref call, results.BlockMaxima, "BlockMaxima", Request.BlockMaxima is not null,
            [s.Batch, s.QueryHeads, ScoreRequest.Blocks(s.QueryLength, side), ScoreRequest.Blocks(s.KeyLength, side)],
            "batch, query heads, query blocks, key blocks", stream);
        MemoryRange given = Take(ref call, lse, nameof(lse), Request.NeedsLse,
            [s.Batch, s.QueryHeads, s.QueryLength], "batch, query heads, query length", stream);
        ReadOnlySpan<MemoryRange> written = [scores, sums, entropy, maxima];
        RequireApart(written, p.Attention.Dense, given);
        (p.Scores, p.ColumnSums, p.RowEntropy, p.BlockMaxima) = (scores.Start, sums.Start, entropy.Start, maxima.Start);
        p.Attention.Dense.Lse = given.Start;
        Operands.Bind(ref p.Attention, ref call, inputs, written, stream);
        _kernel.Launch(p, stream.Handle);
    }

    private static MemoryRange Take<TElement>(ref DeviceCall call, in DeviceView<TElement> view, string argument,
        bool wanted, scoped ReadOnlySpan<int> dims, string axes, CudaStream stream)
        where TElement : unmanaged
    {
        if (wanted != view.Device is not null)
        {
            ThrowPresence(argument, wanted);
        }

        if (!wanted)
        {
            return default;
        }

        call.Hold(view, argument, stream);
        return ViewOperand.RequireDense(view, argument, dims, axes);
    }

    private void RequireApart(ReadOnlySpan<MemoryRange> written, in DenseForwardParams dense, in MemoryRange lse)
    {
        for (int i = 1; i < written.Length; i++)
        {
            ViewOperand.RequireApart(written[..i], written[i]);
        }

        int elementBytes = Unsafe.SizeOf<T>();
        ViewOperand.RequireApart(written, Axes.Query.RangeOf("query", dense.Query, elementBytes));
        ViewOperand.RequireApart(written, Axes.Key.RangeOf("key", dense.Key, elementBytes));
        ViewOperand.RequireApart(written, lse);
    }

    [DoesNotReturn]
    private static void ThrowPresence(string argument, bool wanted) => ThrowHelper.Argument(argument, wanted
        ? "it is missing: the request of the plan needs it."
        : "it is given, but the request of the plan does not use it.");
}
