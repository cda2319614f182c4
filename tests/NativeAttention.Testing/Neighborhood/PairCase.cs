namespace NativeAttention.Testing;

/// <summary>
/// One test case of attention over pairs: reproducible inputs, float64 references of output and gradients, and the
/// checks against them. Any test project runs it on its backend.
/// </summary>
/// <remarks>The name (<see cref="object.ToString"/>) says everything needed to make the case again.</remarks>
public abstract class PairCase
{
    private readonly Lazy<Facts> facts;
    private readonly Lazy<GradientFacts> gradientFacts;

    private protected PairCase(ElementType elementType, int seed)
    {
        ElementType = elementType;
        Seed = seed;
        facts = new Lazy<Facts>(() => new Facts(this));
        gradientFacts = new Lazy<GradientFacts>(() => new GradientFacts(this));
    }

    /// <summary>Element type.</summary>
    public ElementType ElementType { get; }

    /// <summary>Seed of the inputs.</summary>
    public int Seed { get; }

    /// <summary>Factor on the queries, which are normal: a large one makes probabilities 0 and 1.</summary>
    public double QueryFactor { get; init; } = 1;

    /// <summary>Factor on the gradient of the output, which is normal.</summary>
    public double GradientFactor { get; init; } = 1;

    /// <summary>Whether the log-sum-exp has a gradient, too.</summary>
    public bool LseGradient { get; init; }

    /// <summary>What attention reads.</summary>
    public PairInputs Inputs => facts.Value.Inputs;

    /// <summary>Output and log-sum-exp in float64; rows as the pairs number them.</summary>
    public AttentionReference Reference => facts.Value.Reference;

    /// <summary>The errors that are allowed of output and log-sum-exp.</summary>
    public AttentionBound Bound => facts.Value.Bound;

    /// <summary>The gradients in float64.</summary>
    public PairGradients Gradients => gradientFacts.Value.Reference;

    /// <summary>Where the tensors lie.</summary>
    public abstract PairViews Views { get; }

    /// <summary>The tensors in storage.</summary>
    public PairBuffers<T> Allocate<T>()
        where T : unmanaged
    {
        if (ElementTypes.Of<T>() != ElementType)
        {
            throw new ArgumentException($"The case {this} is not of {typeof(T)}.");
        }

        PairViews views = Views;
        PairBuffers<T> buffers = new(views);
        int keys = views.Key.Count, values = views.Value.Count;
        views.Query.Scatter<T>(Inputs.Query, buffers.Query);
        views.Key.Scatter<T>(Inputs.Key.AsSpan(0, keys), buffers.Key);
        views.Value.Scatter<T>(Inputs.Value.AsSpan(0, values), buffers.Value);
        views.ExtraKey.Scatter<T>(Inputs.Key.AsSpan(keys), buffers.ExtraKey);
        views.ExtraValue.Scatter<T>(Inputs.Value.AsSpan(values), buffers.ExtraValue);
        views.Bias.Scatter<float>(Inputs.Bias, buffers.Bias);
        return buffers;
    }

    /// <summary>Runs forward on a backend and checks it.</summary>
    /// <param name="backend">The backend; it must be able to run the problem.</param>
    /// <param name="withLse">Whether to ask for the log-sum-exp.</param>
    /// <exception cref="AttentionMismatchException">The result is wrong.</exception>
    public AttentionErrors RunOn(AttentionBackend backend, bool withLse = true) => ElementType switch
    {
        ElementType.Float32 => RunOn<float>(backend, withLse),
        ElementType.Float16 => RunOn<Half>(backend, withLse),
        _ => RunOn<BFloat16>(backend, withLse),
    };

    /// <summary>
    /// Runs backward on a backend and checks it: on what its own forward gives if it has one, otherwise on the reference
    /// rounded to the element type.
    /// </summary>
    /// <param name="backend">The backend; it must be able to run backward of the problem.</param>
    /// <param name="repeat">Whether to run twice and demand the same bits.</param>
    /// <exception cref="AttentionMismatchException">A gradient is wrong.</exception>
    public IReadOnlyList<GradientErrors> RunBackwardOn(AttentionBackend backend, bool repeat = false) =>
        ElementType switch
        {
            ElementType.Float32 => RunBackwardOn<float>(backend, repeat),
            ElementType.Float16 => RunBackwardOn<Half>(backend, repeat),
            _ => RunBackwardOn<BFloat16>(backend, repeat),
        };

    /// <summary>Fills output and log-sum-exp from the reference, rounded: what forward would have written.</summary>
    public void FillForward<T>(PairBuffers<T> buffers)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(buffers);
        Views.Output.Scatter<T>(Reference.Output, buffers.Output);
        Views.Lse.Scatter<float>(Reference.Lse, buffers.Lse);
    }

    /// <summary>Fills what comes from above: the gradients of output and log-sum-exp.</summary>
    public void FillUpstream<T>(PairBuffers<T> buffers)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(buffers);
        Views.Output.Scatter<T>(gradientFacts.Value.OutputGradient, buffers.OutputGradient);
        if (LseGradient)
        {
            Views.Lse.Scatter<float>(gradientFacts.Value.LseGradient, buffers.LseGradient);
        }
        else
        {
            buffers.LseGradient = [];
        }
    }

    /// <summary>Checks output and log-sum-exp.</summary>
    /// <exception cref="AttentionMismatchException">The result is wrong.</exception>
    public AttentionErrors Check<T>(PairBuffers<T> buffers, bool withLse = true)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(buffers);
        double[] output = Read<T>("output", Views.Output, buffers.Output);
        double[] lse = withLse ? Read<float>("lse", Views.Lse, buffers.Lse) : [.. Reference.Lse];
        for (int row = 0; row < Reference.HasKeys.Length; row++)
        {
            ReadOnlySpan<double> vector = output.AsSpan(row * Views.Output.Dim, Views.Output.Dim);
            if (!Reference.HasKeys[row] && (vector.ContainsAnyExcept(0.0) || !double.IsNegativeInfinity(lse[row])))
            {
                throw new AttentionMismatchException($"row {Views.Output.Describe(row * Views.Output.Dim)} sees no key: its "
                    + $"output must be 0 and its LSE -infinity, got {vector[0]} and {lse[row]}. Case: {this}");
            }
        }

        double error = AttentionComparer.MaxError("output", output, Reference.Output, Bound.Output,
            Views.Output.Describe, ToString()!);
        double lseError = AttentionComparer.MaxError("lse", lse, Reference.Lse, Bound.Lse, Views.Lse.Describe,
            ToString()!);
        return new AttentionErrors(error, AttentionComparer.RelativeError(output, Reference.Output), lseError, Bound);
    }

    /// <summary>Checks all gradients.</summary>
    /// <exception cref="AttentionMismatchException">A gradient is wrong.</exception>
    public IReadOnlyList<GradientErrors> CheckGradients<T>(PairBuffers<T> buffers)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(buffers);
        Lazy<PairGradients>[] yardsticks =
        [
            new(() => Yardstick(buffers, new PlainPrecision(ElementType))),
            new(() => Yardstick(buffers, default(FullPrecision))),
        ];
        PairViews views = Views;
        int keys = views.Key.Batch * views.Key.Heads * views.Key.Sequence;
        GradientRule rule = new(ElementType, Reference.ScoreMagnitude, ToString()!);
        List<GradientErrors> errors =
        [
            Compare("dQ", buffers.QueryGradient, g => g.Query, .., views.Query),
            Compare("dK", buffers.KeyGradient, g => g.Key, ..keys, views.Key),
            Compare("dV", buffers.ValueGradient, g => g.Value, ..keys, views.Value),
        ];
        if (views.ExtraKey.Count > 0)
        {
            errors.Add(Compare("dExtraK", buffers.ExtraKeyGradient, g => g.Key, keys.., views.ExtraKey));
            errors.Add(Compare("dExtraV", buffers.ExtraValueGradient, g => g.Value, keys.., views.ExtraValue));
        }

        if (views.Bias.Count > 0)
        {
            errors.Add(Compare("dBias", buffers.BiasGradient, g => g.Bias, .., views.Bias));
        }

        return errors;

        GradientErrors Compare<TElement>(string name, TElement[] storage, Func<PairGradients, PairGradient> of, Range rows,
            TensorView view)
            where TElement : unmanaged => rule.Check(name, Read<TElement>(name, view, storage), of(Gradients),
                yardsticks.Select(y => of(y.Value)), rows, view);
    }

    // The gradients by steps of a precision, on the output and log-sum-exp that backward read.
    private PairGradients Yardstick<T, TPrecision>(PairBuffers<T> buffers, TPrecision precision)
        where T : unmanaged
        where TPrecision : struct, IPrecision => PairAttention.Backward(Inputs, Views.Output.Gather<T>(buffers.Output),
            Views.Lse.Gather<float>(buffers.Lse), gradientFacts.Value.OutputGradient, gradientFacts.Value.LseGradient, precision);

    /// <summary>The inputs, random.</summary>
    private protected abstract PairInputs MakeInputs();

    /// <summary>Plans and runs forward on buffers; false when the backend has none for the problem.</summary>
    private protected abstract bool TryForward<T>(AttentionBackend backend, PairBuffers<T> buffers, bool withLse)
        where T : unmanaged;

    /// <summary>Plans backward.</summary>
    private protected abstract HostBackwardPlan<T> PlanBackward<T>(AttentionBackend backend)
        where T : unmanaged;

    /// <summary>Random numbers of a case; which tensor they are for makes them others.</summary>
    private protected double[] Random(ElementType type, int count, int tensor, double factor = 1) =>
        RandomTensor.Normal(type, count, (Seed * 16) + tensor, factor);

    private AttentionErrors RunOn<T>(AttentionBackend backend, bool withLse)
        where T : unmanaged
    {
        PairBuffers<T> buffers = Allocate<T>();
        return TryForward(backend, buffers, withLse)
            ? Check(buffers, withLse)
            : throw new NotSupportedException($"{backend.Name} cannot run {this}.");
    }

    private IReadOnlyList<GradientErrors> RunBackwardOn<T>(AttentionBackend backend, bool repeat)
        where T : unmanaged
    {
        PairBuffers<T> buffers = Allocate<T>();
        if (TryForward(backend, buffers, withLse: true))
        {
            Check(buffers); // what backward reads
        }
        else
        {
            FillForward(buffers);
        }

        FillUpstream(buffers);
        using HostBackwardPlan<T> plan = PlanBackward<T>(backend);
        plan.Run(buffers.BackwardInputs, buffers.Gradients);
        IReadOnlyList<GradientErrors> errors = CheckGradients(buffers);
        if (repeat)
        {
            byte[] first = buffers.GradientBytes();
            buffers.PoisonGradients();
            plan.Run(buffers.BackwardInputs, buffers.Gradients);
            if (!first.AsSpan().SequenceEqual(buffers.GradientBytes()))
            {
                throw new AttentionMismatchException($"Two runs gave gradients of different bits. Case: {this}");
            }
        }

        return errors;
    }

    // Whatever lies between and beyond the vectors must still be what it was.
    private double[] Read<T>(string name, TensorView view, T[] storage)
        where T : unmanaged
    {
        bool[] occupied = view.Occupied(storage.Length);
        for (int i = 0; i < storage.Length; i++)
        {
            if (occupied[i] == Elements.IsPoison(storage[i]))
            {
                throw new AttentionMismatchException(occupied[i]
                    ? $"{name} offset {i} was never written. Case: {this}"
                    : $"{name} offset {i} belongs to no element but was written. Case: {this}");
            }
        }

        return view.Gather<T>(storage);
    }

    private sealed class Facts
    {
        public Facts(PairCase owner)
        {
            Inputs = owner.MakeInputs();
            Reference = PairAttention.Forward(Inputs, default(FullPrecision));
            AttentionReference plain = PairAttention.Forward(Inputs, new PlainPrecision(owner.ElementType));
            Bound = AttentionBound.Of(owner.ElementType, Reference, plain.Output);
        }

        public PairInputs Inputs { get; }

        public AttentionReference Reference { get; }

        public AttentionBound Bound { get; }
    }

    private sealed class GradientFacts
    {
        public GradientFacts(PairCase owner)
        {
            AttentionReference forward = owner.Reference;
            OutputGradient = owner.Random(owner.ElementType, forward.Output.Length, 8, owner.GradientFactor);
            LseGradient = owner.LseGradient
                ? owner.Random(ElementType.Float32, forward.Lse.Length, 9, owner.GradientFactor)
                : new double[forward.Lse.Length];
            Reference = PairAttention.Backward(owner.Inputs, forward.Output, forward.Lse, OutputGradient, LseGradient,
                default(FullPrecision));
        }

        public double[] OutputGradient { get; }

        public double[] LseGradient { get; }

        public PairGradients Reference { get; }
    }
}
