using System.Globalization;

namespace NativeAttention.Testing;

/// <summary>
/// One test case: a problem with reproducible inputs, its float64 reference and the check against it. Any
/// test project runs it on its backend by <see cref="RunOn(AttentionBackend, bool)"/>, or takes
/// <see cref="Allocate{T}"/> and <see cref="Check{T}(ReadOnlySpan{T}, ReadOnlySpan{float})"/> apart.
/// </summary>
/// <remarks>The name (<see cref="ToString"/>) says everything needed to make the case again.</remarks>
public sealed class AttentionCase
{
    private const int Slack = 5;
    private readonly Lazy<Facts> facts;

    /// <summary>Describes a case; inputs and reference are made when first asked for.</summary>
    public AttentionCase(ElementType elementType, AttentionShape shape, AttentionOptions? options = null,
        int seed = 1, InputKind inputs = InputKind.Normal)
    {
        ElementType = elementType;
        Shape = shape;
        Options = options ?? AttentionOptions.Default;
        Seed = seed;
        Inputs = inputs;
        facts = new Lazy<Facts>(() => new Facts(this));
    }

    private AttentionCase(AttentionCase other, AttentionOptions options)
    {
        (ElementType, Shape, Options, Seed, Inputs) = (other.ElementType, other.Shape, options, other.Seed, other.Inputs);
        facts = other.facts;
    }

    /// <summary>Element type.</summary>
    public ElementType ElementType { get; }

    /// <summary>Lengths.</summary>
    public AttentionShape Shape { get; }

    /// <summary>Mask, scale, layout, hints.</summary>
    public AttentionOptions Options { get; }

    /// <summary>Seed of the inputs.</summary>
    public int Seed { get; }

    /// <summary>What the inputs look like.</summary>
    public InputKind Inputs { get; }

    /// <summary>The float64 result.</summary>
    public AttentionReference Reference => facts.Value.Reference;

    /// <summary>The errors that are allowed.</summary>
    public AttentionBound Bound => facts.Value.Bound;

    /// <summary>The optional operands and lengths.</summary>
    public CaseOperands Operands => facts.Value.Operands;

    /// <summary>The same case with other tuning, for example another rung; inputs and reference are shared.</summary>
    public AttentionCase With(TuningHints tuning) => new(this, Options with { Tuning = tuning });

    /// <summary>
    /// The tensors in storage, inputs filled, the rest poisoned; each a few elements longer than needed.
    /// </summary>
    public AttentionBuffers<T> Allocate<T>()
        where T : unmanaged
    {
        if (ElementTypes.Of<T>() != ElementType)
        {
            throw new ArgumentException($"The case {this} is not of {typeof(T)}.");
        }

        var views = TensorView.Of(Shape, Options.Layout, Operands);
        AttentionBuffers<T> buffers = new(
            Store<T>(views.Query, facts.Value.Query), Store<T>(views.Key, facts.Value.Key),
            Store<T>(views.Value, facts.Value.Value), new T[views.Output.StorageLength + Slack],
            new float[LseView.StorageLength]);
        buffers.Poison();
        return buffers;
    }

    /// <summary>Runs the case on a backend and checks it.</summary>
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
    /// Checks output and log-sum-exp, both in storage; an empty <paramref name="lse"/> is not checked.
    /// </summary>
    /// <exception cref="AttentionMismatchException">The result is wrong.</exception>
    public AttentionErrors Check<T>(ReadOnlySpan<T> output, ReadOnlySpan<float> lse)
        where T : unmanaged
    {
        TensorView view = TensorView.Of(Shape, Options.Layout, Operands).Output;
        CheckGaps(view, output);
        double[] actual = view.Gather(output);
        double[] actualLse = lse.IsEmpty ? [] : LseView.Gather(lse);
        CheckEmptyRows(view, actual, actualLse);
        double error = AttentionComparer.MaxError("output", actual, Reference.Output, Bound.Output,
            view.Describe, ToString());
        double lseError = lse.IsEmpty ? 0 : CheckLse(actualLse);
        return new AttentionErrors(error, AttentionComparer.RelativeError(actual, Reference.Output),
            lseError, Bound);
    }

    /// <summary>As the other overload, on buffers of <see cref="Allocate{T}"/>.</summary>
    public AttentionErrors Check<T>(AttentionBuffers<T> buffers, bool withLse = true)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(buffers);
        return Check<T>(buffers.Output, withLse ? buffers.Lse : default(ReadOnlySpan<float>));
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string scale = Options.Scale is float s ? " scale " + s.ToString("R", CultureInfo.InvariantCulture)
            : "";
        string rung = Options.Tuning.Rung is string r ? " " + r : "";
        string kind = Inputs == InputKind.Normal ? "" : " " + Inputs;
        return $"{ElementType} B{Shape.Batch} Sq{Shape.QueryLength} Sk{Shape.KeyLength} "
            + $"H{Shape.QueryHeads}-{Shape.KeyValueHeads}"
            + (Shape.ValueHeads == Shape.KeyValueHeads ? " D" : $"-{Shape.ValueHeads} D") + $"{Shape.HeadDim}-{Shape.ValueHeadDim} {Options.Mask} "
            + $"{DescribeLayout()}{scale}{Modifiers()}{rung}{kind} seed {Seed}";
    }

    // Names only what is there.
    private string Modifiers()
    {
        AttentionOperands o = Options.Operands;
        string cap = Options.SoftCap is float c ? " softcap " + c.ToString("R", CultureInfo.InvariantCulture) : "";
        string offset = Options.DiagonalOffset is int d ? $" offset {d}" : "";
        string bias = o.Bias is BiasForm b ? $" bias {b.ElementType} {Text(b.Strides)}" : "";
        return cap + offset + bias + Named("mask", o.Mask) + Named("alibi", o.AlibiSlopes)
            + Named("sinks", o.Sinks) + Named("temperature", o.QueryTemperature)
            + Named("weight", o.KeyLogWeight) + Named("gate", o.HeadGate) + (o.KeyLengths ? " key-lengths" : "");

        static string Named(string name, OperandStrides? strides) =>
            strides is OperandStrides s ? $" {name} {Text(s)}" : "";

        static string Text(OperandStrides s) => $"{s.Batch}/{s.Head}/{s.Query}/{s.Key}";
    }

    private string DescribeLayout()
    {
        if (Options.Layout == AttentionLayout.Bshd || Options.Layout == AttentionLayout.Bhsd)
        {
            return Options.Layout.ToString();
        }

        if (Options.Layout.Resolve(Shape).Packed is not null)
        {
            return Options.Layout.ToString();
        }

        var views = TensorView.Of(Shape, Options.Layout);
        return $"strided q{Text(views.Query)} k{Text(views.Key)} v{Text(views.Value)} o{Text(views.Output)}";

        static string Text(TensorView v) => $"{v.Strides.Batch}/{v.Strides.Sequence}/{v.Strides.Head}";
    }

    private static T[] Store<T>(TensorView view, double[] logical)
        where T : unmanaged
    {
        T[] storage = new T[view.StorageLength + Slack];
        Array.Fill(storage, Elements.Poison<T>());
        view.Scatter<T>(logical, storage);
        return storage;
    }

    private AttentionErrors RunOn<T>(AttentionBackend backend, bool withLse)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(backend);
        AttentionBuffers<T> buffers = Allocate<T>();
        using HostAttentionPlan<T> plan =
            backend.PlanHost<T>(AttentionProblem.Create(ElementType, Shape, Options));
        Span<float> lse = withLse ? buffers.Lse : default(Span<float>);
        plan.Run(Operands.Inputs(buffers), buffers.Output, lse);
        return Check(buffers, withLse);
    }

    // Rows that are not there have LSE minus infinity in the reference, and no place in storage.
    private double CheckLse(double[] actual)
    {
        TensorView view = LseView;
        for (int i = 0; i < actual.Length; i++)
        {
            actual[i] = view.Offset(i) < 0 ? Reference.Lse[i] : actual[i];
        }

        return AttentionComparer.MaxError("lse", actual, Reference.Lse, Bound.Lse, view.Describe, ToString());
    }

    // [batch, heads, query], or [heads, token] when packed.
    private TensorView LseView => Options.Layout.Resolve(Shape).Packed is PackedTokens packed
        ? new(Shape.Batch, Shape.QueryHeads, Shape.QueryLength, 1, new TensorStrides(0, 1, packed.Queries),
            Operands.QueryStarts, packed.Queries)
        : new(Shape.Batch, Shape.QueryHeads, Shape.QueryLength, 1,
            TensorStrides.Bhsd(Shape.QueryLength, Shape.QueryHeads, 1));

    // Whatever lies between the vectors of the output must still be what it was.
    private void CheckGaps<T>(TensorView view, ReadOnlySpan<T> output)
        where T : unmanaged
    {
        bool[] occupied = view.Occupied(output.Length);
        for (int i = 0; i < output.Length; i++)
        {
            if (occupied[i] == Elements.IsPoison(output[i]))
            {
                throw new AttentionMismatchException(occupied[i]
                    ? $"output offset {i} was never written. Case: {this}"
                    : $"output offset {i} belongs to no element but was written. Case: {this}");
            }
        }
    }

    // A row without keys is exactly 0, and minus infinity unless it has a sink, with no allowance.
    private void CheckEmptyRows(TensorView view, double[] output, double[] lse)
    {
        for (int row = 0; row < Reference.HasKeys.Length; row++)
        {
            if (Reference.HasKeys[row] || view.Offset(row * view.Dim) < 0)
            {
                continue;
            }

            bool zeros = !output.AsSpan(row * view.Dim, view.Dim).ContainsAnyExcept(0.0);
            bool empty = double.IsNegativeInfinity(Reference.Lse[row]);
            if (!zeros || (empty && lse.Length > 0 && !double.IsNegativeInfinity(lse[row])))
            {
                throw new AttentionMismatchException(
                    $"row {view.Describe(row * view.Dim)} sees no key: its output must be 0 and its LSE -infinity, "
                    + $"got {output[row * view.Dim]} and {(lse.Length == 0 ? "none" : lse[row])}. Case: {this}");
            }
        }
    }

    private double Scale => Options.Scale ?? (float)(1.0 / Math.Sqrt(Shape.HeadDim));

    // The logical inputs and everything computed from them.
    private sealed class Facts
    {
        public Facts(AttentionCase owner)
        {
            AttentionShape s = owner.Shape;
            Operands = new CaseOperands(s, owner.Options, (owner.Seed * 4) + 4);
            var views = TensorView.Of(s, owner.Options.Layout, Operands);
            double factor = owner.Inputs == InputKind.HugeLogits ? HugeFactor(owner) : 1;
            Query = Make(owner.ElementType, views.Query, (owner.Seed * 4) + 1, factor);
            Key = Make(owner.ElementType, views.Key, (owner.Seed * 4) + 2, factor);
            Value = Make(owner.ElementType, views.Value, (owner.Seed * 4) + 3, 1);
            SpoilRows(owner, s);
            ScoreRule rule = new(s, owner.Options, Operands, owner.Scale);
            Reference = ReferenceAttention.Compute(s, rule, Query, Key, Value);
            Bound = AttentionBound.Of(owner.ElementType, Reference,
                DenseAttention.Compute(owner.ElementType, s, rule, Query, Key, Value).Output);
        }

        public CaseOperands Operands { get; }

        public double[] Query { get; }

        public double[] Key { get; }

        public double[] Value { get; }

        public AttentionReference Reference { get; }

        public AttentionBound Bound { get; }

        // Scores of normal vectors are about sqrt(D) before scaling; their factor is applied to both sides.
        private static double HugeFactor(AttentionCase owner) =>
            Math.Sqrt(1e4 / (Math.Max(1e-3, Math.Abs(owner.Scale)) * Math.Sqrt(owner.Shape.HeadDim)) / 3);

        // Where strides broadcast, several logical elements share one place: gathering back makes them agree.
        private static double[] Make(ElementType type, TensorView view, int seed, double factor)
        {
            double[] logical = RandomTensor.Normal(type, view.Count, seed, factor);
            double[] shared = new double[view.StorageLength];
            foreach ((int index, int offset) in view.StoredVectors())
            {
                logical.AsSpan(index, view.Dim).CopyTo(shared.AsSpan(offset));
            }

            Array.Clear(logical);
            foreach ((int index, int offset) in view.StoredVectors())
            {
                shared.AsSpan(offset, view.Dim).CopyTo(logical.AsSpan(index));
            }

            return logical;
        }

        private void SpoilRows(AttentionCase owner, AttentionShape s)
        {
            if (owner.Inputs == InputKind.NanRows && Query.Length > 0)
            {
                int rows = Query.Length / s.HeadDim;
                Query[(rows / 2 * s.HeadDim) + (s.HeadDim / 2)] = double.NaN;
                Query[(rows - 1) * s.HeadDim] = double.PositiveInfinity;
            }
        }
    }
}
