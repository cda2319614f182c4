using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>
/// Joins attention results that were computed over disjoint sets of keys into the result over all of them, on
/// the calling thread, by vectors. It is what split keys, shared prefixes and distributed attention end with.
/// </summary>
/// <remarks>
/// <para>
/// With O[k] and L[k] the output and the log-sum-exp (natural log, float32) of part k and M the largest L[k]:
/// w[k] = exp(L[k] - M), O = sum(w[k] O[k]) / sum(w[k]) and L = M + ln(sum(w[k])), in float32 and in the
/// order of the parts, so that equal inputs give equal bits. A part whose L is minus infinity saw no key:
/// its output is not read, whatever it holds. Where all parts are empty, the output is 0 and L minus
/// infinity. A NaN stays in its row. The identity is that of online softmax (arXiv 1805.02867).
/// </para>
/// <para>
/// Partial outputs are float32 or of the type of the output: float32 rounds once instead of once for each
/// part. A sink logit belongs into exactly one part. Lengths may be 0. Outputs have the axes of the layout,
/// in any strides whose innermost is 1; log-sum-exps are dense [batch, heads, sequence] for every part.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// // 4 parts of 2 sequences of 128 queries in 8 heads of 64
/// AttentionMerge.Merge&lt;float, Half&gt;(
///     new ReadOnlyTensorSpan&lt;float&gt;(outputs, [4, 2, 128, 8, 64]),
///     new ReadOnlyTensorSpan&lt;float&gt;(lses, [4, 2, 8, 128]),
///     new TensorSpan&lt;Half&gt;(output, [2, 128, 8, 64]));
/// </code>
/// </example>
public static class AttentionMerge
{
    /// <summary>Joins the parts of a stack.</summary>
    /// <typeparam name="TPart">
    /// Element type of the parts: <see cref="float"/> or <typeparamref name="T"/>.
    /// </typeparam>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="outputs">The partial outputs, [parts, batch, sequence, heads, head dim] under
    /// BSHD.</param>
    /// <param name="lses">Their log-sum-exps, [parts, batch, heads, sequence], each part dense.</param>
    /// <param name="output">
    /// Receives [batch, sequence, heads, head dim]; must not overlap what is read, except that it may be
    /// part 0 itself.
    /// </param>
    /// <param name="lse">
    /// Receives the log-sum-exp, dense [batch, heads, sequence]; must not overlap what is read, except that
    /// it may be that of part 0. Default when not wanted.
    /// </param>
    /// <param name="layout">
    /// Order of the axes: <see cref="AttentionLayout.Bshd"/>, which null means, or
    /// <see cref="AttentionLayout.Bhsd"/>.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There is no part, the tensors disagree, an innermost stride is not 1, a log-sum-exp is not dense, or
    /// what is written overlaps. Nothing was written.
    /// </exception>
    /// <exception cref="NotSupportedException">A type parameter is no type that is allowed.</exception>
    public static void Merge<TPart, T>(in ReadOnlyTensorSpan<TPart> outputs,
        in ReadOnlyTensorSpan<float> lses, in TensorSpan<T> output, in TensorSpan<float> lse = default,
        AttentionLayout? layout = null)
        where TPart : unmanaged
        where T : unmanaged
    {
        CheckTypes<TPart, T>();
        MergeShape shape = MergeShape.Stack(new(nameof(outputs), outputs.Lengths, outputs.Strides),
            new(nameof(lses), lses.Lengths, lses.Strides),
            new(nameof(output), output.Lengths, output.Strides),
            layout);
        long part = shape.First.RequiredLength;
        ReadOnlySpan<TPart> all = TensorArguments.Storage(outputs,
            part == 0 ? 0 : ((shape.Parts - 1) * shape.RestStride) + part, nameof(outputs));
        ReadOnlySpan<float> allLses = TensorArguments.Storage(lses,
            shape.Rows == 0 ? 0 : ((shape.Parts - 1) * shape.RestLseStride) + shape.Rows, nameof(lses));
        Run(shape, new HostMerge<TPart, T>(shape)
        {
            First = all[..(int)part],
            Rest = Further(all, shape.RestStride, shape.RestLength),
            FirstLse = allLses[..(int)shape.Rows],
            RestLse = Further(allLses, shape.RestLseStride, shape.RestLseLength),
        }, output, lse, nameof(outputs), nameof(outputs), nameof(lses), nameof(lses));
    }

    /// <summary>Joins two parts that are tensors of their own.</summary>
    /// <typeparam name="TPart">
    /// Element type of the parts: <see cref="float"/> or <typeparamref name="T"/>.
    /// </typeparam>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="first">Output of the first part, [batch, sequence, heads, head dim] under BSHD.</param>
    /// <param name="firstLse">Its log-sum-exp, dense [batch, heads, sequence].</param>
    /// <param name="second">Output of the second part, in any strides of its own.</param>
    /// <param name="secondLse">Its log-sum-exp, dense.</param>
    /// <param name="output">
    /// Receives the output; must not overlap what is read, except that it may be <paramref name="first"/>
    /// itself, which then takes the second part in.
    /// </param>
    /// <param name="lse">
    /// Receives the log-sum-exp, dense; must not overlap what is read, except that it may be
    /// <paramref name="firstLse"/> itself. Default when not wanted.
    /// </param>
    /// <param name="layout">
    /// Order of the axes: <see cref="AttentionLayout.Bshd"/>, which null means, or
    /// <see cref="AttentionLayout.Bhsd"/>.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The tensors disagree, an innermost stride is not 1, a log-sum-exp is not dense, or what is written
    /// overlaps. Nothing was written.
    /// </exception>
    /// <exception cref="NotSupportedException">A type parameter is no type that is allowed.</exception>
    public static void MergePair<TPart, T>(in ReadOnlyTensorSpan<TPart> first,
        in ReadOnlyTensorSpan<float> firstLse, in ReadOnlyTensorSpan<TPart> second,
        in ReadOnlyTensorSpan<float> secondLse, in TensorSpan<T> output, in TensorSpan<float> lse = default,
        AttentionLayout? layout = null)
        where TPart : unmanaged
        where T : unmanaged
    {
        CheckTypes<TPart, T>();
        MergeShape shape = MergeShape.Pair(new(nameof(first), first.Lengths, first.Strides),
            new(nameof(firstLse), firstLse.Lengths, firstLse.Strides),
            new(nameof(second), second.Lengths, second.Strides),
            new(nameof(secondLse), secondLse.Lengths, secondLse.Strides),
            new(nameof(output), output.Lengths, output.Strides), layout);
        Run(shape, new HostMerge<TPart, T>(shape)
        {
            First = TensorArguments.Storage(first, shape.First.RequiredLength, nameof(first)),
            Rest = TensorArguments.Storage(second, shape.RestLength, nameof(second)),
            FirstLse = TensorArguments.Storage(firstLse, shape.Rows, nameof(firstLse)),
            RestLse = TensorArguments.Storage(secondLse, shape.Rows, nameof(secondLse)),
        }, output, lse, nameof(first), nameof(second), nameof(firstLse), nameof(secondLse));
    }

    /// <summary>Demands types that can be merged.</summary>
    internal static void CheckTypes<TPart, T>()
        where TPart : unmanaged
        where T : unmanaged
    {
        _ = ElementTypes.Of<T>();
        if (typeof(TPart) != typeof(float) && typeof(TPart) != typeof(T))
        {
            throw new NotSupportedException($"Partial outputs of type {typeof(TPart)} for an output of type "
                + $"{typeof(T)} are not supported: use float or {typeof(T)}.");
        }
    }

    private static void Run<TPart, T>(in MergeShape shape, HostMerge<TPart, T> inputs,
        in TensorSpan<T> output, in TensorSpan<float> lse, string first, string rest, string firstLse,
        string restLse)
        where TPart : unmanaged
        where T : unmanaged
    {
        OverlapRule.RequireOwnAddresses(nameof(output), shape.Output);
        Span<T> o = TensorArguments.Storage(output, shape.Output.RequiredLength, nameof(output));
        Span<float> l = default;
        if (lse.Rank > 0)
        {
            shape.CheckLse(new ArgumentAxes(nameof(lse), lse.Lengths, lse.Strides));
            l = TensorArguments.Storage(lse, shape.Rows, nameof(lse));
        }

        bool inPlace = typeof(TPart) == typeof(T) && shape.First == shape.Output
            && Same(inputs.First, MemoryMarshal.Cast<T, TPart>(o));
        Apart(nameof(output), o, first, inPlace ? default : inputs.First);
        Apart(nameof(output), o, rest, inputs.Rest);
        Apart(nameof(output), o, firstLse, inputs.FirstLse);
        Apart(nameof(output), o, restLse, inputs.RestLse);
        Apart(nameof(lse), l, first, inputs.First);
        Apart(nameof(lse), l, rest, inputs.Rest);
        Apart(nameof(lse), l, firstLse, Same(inputs.FirstLse, l) ? default : inputs.FirstLse);
        Apart(nameof(lse), l, restLse, inputs.RestLse);
        Apart(nameof(lse), l, nameof(output), (ReadOnlySpan<T>)o);
        new HostMerge<TPart, T>(shape)
        {
            First = inputs.First,
            Rest = inputs.Rest,
            FirstLse = inputs.FirstLse,
            RestLse = inputs.RestLse,
            Output = o,
            Lse = l,
        }.Run();
    }

    private static ReadOnlySpan<T> Further<T>(ReadOnlySpan<T> all, long start, long length) =>
        length == 0 ? default : all.Slice((int)start, (int)length);

    private static bool Same<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b) =>
        Unsafe.AreSame(in MemoryMarshal.GetReference(a), in MemoryMarshal.GetReference(b));

    private static void Apart<TWritten, TOther>(string written, Span<TWritten> a, string other,
        ReadOnlySpan<TOther> b)
        where TWritten : unmanaged
        where TOther : unmanaged => OverlapRule.RequireApart(written, (ReadOnlySpan<TWritten>)a, other, b);
}
