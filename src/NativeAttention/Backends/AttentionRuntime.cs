using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace NativeAttention;

/// <summary>
/// The entry point: given backends in order of preference, it runs each problem on the first that can.
/// </summary>
/// <remarks>
/// Safe to use from many threads at once. Which backend and kernel were chosen, and why backends before it
/// could not run the problem, is logged once for every distinct choice.
/// </remarks>
/// <example>
/// <code>
/// using AttentionRuntime runtime = new([CpuBackend.Default]);
/// AttentionShape shape = new(
///     Batch: 1, QueryLength: 128, KeyLength: 128, QueryHeads: 8, KeyValueHeads: 2, HeadDim: 64);
/// runtime.Attend&lt;float&gt;(query, key, value, output, shape, AttentionOptions.Causal);
/// </code>
/// </example>
public sealed partial class AttentionRuntime : IDisposable
{
    private readonly AttentionBackend[] backends;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<string, bool> logged = new();
    private int disposed;

    /// <summary>Makes a runtime, which owns the backends from then on.</summary>
    /// <param name="backends">
    /// Backends in order of preference; null entries (backends that could not be opened) are skipped.
    /// </param>
    /// <param name="loggers">Where choices are logged; null for nowhere.</param>
    /// <exception cref="ArgumentException">There is no backend among the entries.</exception>
    public AttentionRuntime(IEnumerable<AttentionBackend?> backends, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(backends);
        this.backends = [.. backends.OfType<AttentionBackend>()];
        if (this.backends.Length == 0)
        {
            throw new ArgumentException(
                "There is no backend among the entries: give at least CpuBackend.Default.", nameof(backends));
        }

        Backends = Array.AsReadOnly(this.backends);
        logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<AttentionRuntime>();
    }

    /// <summary>The backends, in order of preference.</summary>
    public IReadOnlyList<AttentionBackend> Backends { get; }

    /// <summary>Runs one problem over host spans: validate, choose, plan, run, dispose.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="query">
    /// Queries: [batch, queries, query heads, head dim], or as the layout of the options says.
    /// </param>
    /// <param name="key">Keys: [batch, keys, key/value heads, head dim].</param>
    /// <param name="value">Values: [batch, keys, key/value heads, value head dim].</param>
    /// <param name="output">
    /// Receives [batch, queries, query heads, value head dim]; must not overlap an input.
    /// </param>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">Mask, scale, layout; null for <see cref="AttentionOptions.Default"/>.</param>
    /// <param name="lse">
    /// Receives the log-sum-exp, dense [batch, query heads, queries]; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">
    /// Ends the call early. Every query row of the output, together with its log-sum-exp, is then either
    /// finished or untouched, and nothing is written any more: as <see cref="HostAttentionPlan{T}"/>.
    /// </param>
    /// <exception cref="ArgumentException">
    /// Shape, options or spans break a rule; nothing was written.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The call was cancelled before it had computed everything.
    /// </exception>
    public void Attend<T>(ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, Span<T> output,
        AttentionShape shape, AttentionOptions? options = null, Span<float> lse = default,
        CancellationToken cancellationToken = default)
        where T : unmanaged => Attend(
            new AttentionInputs<T>(query, key, value), output, shape, options, lse, cancellationToken);

    /// <summary>
    /// Runs one problem with optional operands over host spans: validate, choose, plan, run, dispose.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="inputs">Query, key, value, and the operands that the options announce.</param>
    /// <param name="output">
    /// Receives [batch, queries, query heads, value head dim]; must not overlap an input.
    /// </param>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">
    /// Mask, scale, layout, operands; null for <see cref="AttentionOptions.Default"/>.
    /// </param>
    /// <param name="lse">
    /// Receives the log-sum-exp, dense [batch, query heads, queries], or [query heads, tokens] for packed
    /// layouts; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">Cancels the call, as it does a plan's run.</param>
    /// <exception cref="ArgumentException">
    /// Shape, options or spans break a rule; nothing was written.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The call was cancelled before it had computed everything.
    /// </exception>
    public void Attend<T>(in AttentionInputs<T> inputs, Span<T> output, AttentionShape shape,
        AttentionOptions? options = null, Span<float> lse = default,
        CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        AttentionProblem problem = Problem<T>(shape, options);
        SpanRules.Check<T>(problem, inputs, output, lse); // before a plan is paid for
        cancellationToken.ThrowIfCancellationRequested();
        using HostAttentionPlan<T> plan = Plan<T>(problem);
        plan.Run(inputs, output, lse, cancellationToken);
    }

    /// <summary>
    /// Runs one problem over rank-4 tensors, whose lengths are the shape and whose strides are honoured.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="query">
    /// Queries: [batch, queries, query heads, head dim], or BHSD when the options say so.
    /// </param>
    /// <param name="key">Keys, axes in the same order.</param>
    /// <param name="value">Values, axes in the same order.</param>
    /// <param name="output">Receives the output, axes in the same order; must not overlap an input.</param>
    /// <param name="options">
    /// Mask and scale; its layout, BSHD or BHSD, names the axes. Null for
    /// <see cref="AttentionOptions.Default"/>.
    /// </param>
    /// <param name="lse">
    /// Receives the log-sum-exp, dense [batch, query heads, queries]; empty if not wanted.
    /// </param>
    /// <param name="cancellationToken">
    /// Ends the call early. Every query row of the output, together with its log-sum-exp, is then either
    /// finished or untouched, and nothing is written any more: as <see cref="HostAttentionPlan{T}"/>.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The tensors disagree, an innermost stride is not 1, or a rule of the other overload is broken.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    /// <exception cref="OperationCanceledException">
    /// The call was cancelled before it had computed everything.
    /// </exception>
    public void Attend<T>(in ReadOnlyTensorSpan<T> query, in ReadOnlyTensorSpan<T> key,
        in ReadOnlyTensorSpan<T> value, in TensorSpan<T> output, AttentionOptions? options = null,
        Span<float> lse = default, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        options ??= AttentionOptions.Default;
        AttentionShape shape = AttentionShape.FromTensors(
            options.Layout, query.Lengths, key.Lengths, value.Lengths, output.Lengths);
        bool headsFirst = options.Layout == AttentionLayout.Bhsd;
        LayoutStrides strides = new(
            TensorArguments.Strides(query.Lengths, query.Strides, headsFirst, nameof(query)),
            TensorArguments.Strides(key.Lengths, key.Strides, headsFirst, nameof(key)),
            TensorArguments.Strides(value.Lengths, value.Strides, headsFirst, nameof(value)),
            TensorArguments.Strides(output.Lengths, output.Strides, headsFirst, nameof(output)));
        AttentionProblem problem = Problem<T>(shape, options with
        {
            Layout = AttentionLayout.Strided(strides.Query, strides.Key, strides.Value, strides.Output),
        });
        cancellationToken.ThrowIfCancellationRequested();
        using HostAttentionPlan<T> plan = Plan<T>(problem);
        plan.Run(
            TensorArguments.Storage(query, problem.QueryStorageLength, nameof(query)),
            TensorArguments.Storage(key, problem.KeyStorageLength, nameof(key)),
            TensorArguments.Storage(value, problem.ValueStorageLength, nameof(value)),
            TensorArguments.Storage(output, problem.OutputStorageLength, nameof(output)), lse,
            cancellationToken);
    }

    /// <summary>Plans a problem on the first backend that can run it: for many runs of one shape.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">Mask, scale, layout; null for <see cref="AttentionOptions.Default"/>.</param>
    /// <returns>A plan, which the caller disposes before the runtime.</returns>
    /// <exception cref="ArgumentException">Shape or options break a rule.</exception>
    /// <exception cref="NotSupportedException">
    /// No backend can run it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    public HostAttentionPlan<T> Plan<T>(AttentionShape shape, AttentionOptions? options = null)
        where T : unmanaged => Plan<T>(Problem<T>(shape, options));

    /// <summary>
    /// Plans a pass over the scores of a problem on the first backend that has one: scores or probabilities for
    /// small problems, and statistics that never need the whole map.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">
    /// Mask, scale, layout, operands; null for <see cref="AttentionOptions.Default"/>.
    /// </param>
    /// <param name="request">What to return.</param>
    /// <returns>A plan, which the caller disposes before the runtime.</returns>
    /// <exception cref="ArgumentException">Shape, options or request break a rule.</exception>
    /// <exception cref="NotSupportedException">
    /// No backend can do it; the message has each one's reason.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    public HostScorePlan<T> PlanScores<T>(AttentionShape shape, AttentionOptions? options, ScoreRequest request)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(request);
        AttentionProblem problem = Problem<T>(shape, options);
        AttentionBackend backend = Required(
            (AttentionBackend b, [NotNullWhen(false)] out string? why) => b.CanScore(problem, request, out why),
            () => $"return scores of {problem.Shape}", out _);
        return backend.PlanScores<T>(problem, request);
    }

    /// <summary>
    /// Asks whether any backend can run a problem, and why not; invalid problems are answered, not thrown.
    /// </summary>
    /// <typeparam name="T">Element type.</typeparam>
    /// <param name="shape">The lengths.</param>
    /// <param name="options">Mask, scale, layout; null for <see cref="AttentionOptions.Default"/>.</param>
    /// <param name="reason">Why not, when the answer is no.</param>
    /// <exception cref="ObjectDisposedException">The runtime is disposed.</exception>
    public bool CanRun<T>(AttentionShape shape, AttentionOptions? options,
        [NotNullWhen(false)] out string? reason)
        where T : unmanaged
    {
        AttentionProblem problem;
        try
        {
            problem = Problem<T>(shape, options);
        }
        catch (Exception broken) when (broken is ArgumentException or NotSupportedException)
        {
            reason = broken.Message;
            return false;
        }

        return FirstThat((AttentionBackend b, [NotNullWhen(false)] out string? why) => b.CanRun(problem, out why),
            () => Running(problem), out reason) is not null;
    }

    /// <summary>Disposes the backends. Plans must be disposed before.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        foreach (AttentionBackend backend in backends)
        {
            backend.Dispose();
        }
    }

    private AttentionProblem Problem<T>(AttentionShape shape, AttentionOptions? options)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
        return AttentionProblem.Create(ElementTypes.Of<T>(), shape, options ?? AttentionOptions.Default);
    }

    private HostAttentionPlan<T> Plan<T>(AttentionProblem problem)
        where T : unmanaged
    {
        AttentionBackend backend = Required(
            (AttentionBackend b, [NotNullWhen(false)] out string? why) => b.CanRun(problem, out why),
            () => Running(problem), out string? refusals);
        HostAttentionPlan<T> plan = backend.PlanHost<T>(problem);
        LogOnce(backend, plan.KernelName, refusals);
        return plan;
    }

    private static string Running(AttentionProblem problem) =>
        $"run {problem.Shape} with elements of type {problem.ElementType}";

    private delegate bool Question(AttentionBackend backend, [NotNullWhen(false)] out string? reason);

    private AttentionBackend Required(Question can, Func<string> what, out string? refusals) =>
        FirstThat(can, what, out refusals) ?? throw new NotSupportedException(refusals);

    // The first backend that can; the reasons of those before it, or of all in one sentence.
    private AttentionBackend? FirstThat(Question can, Func<string> what, out string? refusals)
    {
        refusals = null;
        foreach (AttentionBackend backend in backends)
        {
            if (can(backend, out string? reason))
            {
                return backend;
            }

            refusals = (refusals is null ? "" : refusals + " ") + $"{backend.Name}: {reason}";
        }

        refusals = $"No backend can {what()}. {refusals}";
        return null;
    }

    private void LogOnce(AttentionBackend backend, string kernel, string? refusals)
    {
        if (!logger.IsEnabled(LogLevel.Information)
            || !logged.TryAdd($"{backend.Name} {kernel} {refusals}", true))
        {
            return;
        }

        if (refusals is null)
        {
            LogChoice(logger, backend.Name, backend.Description, kernel);
        }
        else
        {
            LogChoiceAfterRefusals(logger, backend.Name, backend.Description, kernel, refusals);
        }
    }

    [LoggerMessage(EventId = 1, EventName = "BackendChosen", Level = LogLevel.Information,
        Message = "Attention runs on {Backend} ({Description}) with kernel {Kernel}.")]
    private static partial void LogChoice(ILogger logger, string backend, string description, string kernel);

    [LoggerMessage(EventId = 2, EventName = "BackendChosenAfterRefusals", Level = LogLevel.Information,
        Message = "Attention runs on {Backend} ({Description}) with kernel {Kernel}; not on {Refusals}")]
    private static partial void LogChoiceAfterRefusals(
        ILogger logger, string backend, string description, string kernel, string refusals);
}
