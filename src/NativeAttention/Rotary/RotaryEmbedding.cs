using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NativeAttention;

/// <summary>
/// Rotary position embedding (RoFormer, arXiv 2104.09864) of queries or keys, on the calling thread, by
/// vectors.
/// </summary>
/// <remarks>
/// Pair u of a vector at position p is turned by the angle p * theta^(-2u / rotary dim), in float32:
/// (x, y) becomes (x cos - y sin, y cos + x sin). Cosines and sines come from caches, dense
/// [positions, rotary dim / 2], which <see cref="FillCaches"/> fills or a model brings; or, as in ONNX
/// without position ids, [batch, sequence, rotary dim / 2] with a row for every token. The rotary dim is
/// twice the last axis of the caches; elements behind it are copied. Lengths may be 0.
/// </remarks>
/// <example>
/// <code>
/// float[] cos = new float[4096 * 64], sin = new float[4096 * 64];
/// RotaryEmbedding.FillCaches(cos, sin, rotaryDim: 128);
/// RotaryEmbedding.Apply&lt;Half&gt;(query, new ReadOnlyTensorSpan&lt;float&gt;(cos, [4096, 64]),
///     new ReadOnlyTensorSpan&lt;float&gt;(sin, [4096, 64]), RotaryPositions.From(pastLength), query);
/// </code>
/// </example>
public static class RotaryEmbedding
{
    /// <summary>The base that RoFormer uses.</summary>
    public const double DefaultTheta = 10000;

    /// <summary>Fills caches for the positions 0, 1, 2, ...: as many as fit.</summary>
    /// <param name="cos">Receives cosines, [positions, rotary dim / 2].</param>
    /// <param name="sin">Receives sines; as long as <paramref name="cos"/>.</param>
    /// <param name="rotaryDim">The rotary dim: even, 2 or more.</param>
    /// <param name="theta">The base of the frequencies: finite, more than 0.</param>
    /// <exception cref="ArgumentException">
    /// The spans have different lengths, or ones that are no multiple of rotary dim / 2.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Rotary dim or base is not allowed.</exception>
    public static void FillCaches(Span<float> cos, Span<float> sin, int rotaryDim,
        double theta = DefaultTheta)
    {
        if (rotaryDim < 2 || rotaryDim % 2 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(rotaryDim), rotaryDim,
                $"The rotary dim is {rotaryDim}: it must be even, 2 or more.");
        }

        if (!double.IsFinite(theta) || theta <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(theta), theta,
                $"The base is {theta}: it must be finite and more than 0.");
        }

        int half = rotaryDim / 2;
        if (cos.Length != sin.Length || cos.Length % half != 0)
        {
            throw new ArgumentException($"The caches have {cos.Length} and {sin.Length} elements: they must "
                + $"have the same number, a multiple of {half}.", nameof(cos));
        }

        for (int u = 0; u < half; u++)
        {
            double frequency = Math.Pow(theta, -2.0 * u / rotaryDim);
            for (int i = u, position = 0; i < cos.Length; i += half, position++)
            {
                (double s, double c) = Math.SinCos(position * frequency);
                (cos[i], sin[i]) = ((float)c, (float)s);
            }
        }
    }

    /// <summary>Rotates queries or keys.</summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="input">
    /// [batch, sequence, heads, head dim] under BSHD, in any strides whose innermost is 1.
    /// </param>
    /// <param name="cos">
    /// Cosines, dense [positions, rotary dim / 2], or [batch, sequence, rotary dim / 2].
    /// </param>
    /// <param name="sin">Sines, of the same lengths.</param>
    /// <param name="positions">
    /// Position of every token; default for position t at token t, and where the caches have a row for every
    /// token.
    /// </param>
    /// <param name="output">
    /// Receives the result: <paramref name="input"/> itself, or memory apart from all inputs.
    /// </param>
    /// <param name="options">Pairing and layout; null for <see cref="RotaryOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">
    /// The tensors disagree, the rotary dim is more than the head dim, an innermost stride is not 1, a cache
    /// is not dense, positions are too many or too few, or the output overlaps. Nothing was written.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A position is not in the caches. Nothing was written.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type.</exception>
    public static void Apply<T>(in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<float> cos,
        in ReadOnlyTensorSpan<float> sin, RotaryPositions positions, in TensorSpan<T> output,
        RotaryOptions? options = null)
        where T : unmanaged
    {
        options ??= RotaryOptions.Default;
        _ = ElementTypes.Of<T>();
        RotaryShape shape = RotaryShape.Create(new(nameof(input), input.Lengths, input.Strides),
            new(nameof(cos), cos.Lengths, cos.Strides), new(nameof(sin), sin.Lengths, sin.Strides),
            new(nameof(output), output.Lengths, output.Strides), options.Layout);
        shape.CheckPositions(!positions.IsDefault);
        positions.Check(shape);
        OverlapRule.RequireOwnAddresses(nameof(output), shape.Output);
        HostRotary<T> rotary = new(shape, options.Interleaved)
        {
            Input = TensorArguments.Storage(input, shape.Input.RequiredLength, nameof(input)),
            Cos = TensorArguments.Storage(cos, shape.CacheLength, nameof(cos)),
            Sin = TensorArguments.Storage(sin, shape.CacheLength, nameof(sin)),
            Output = TensorArguments.Storage(output, shape.Output.RequiredLength, nameof(output)),
        };
        ReadOnlySpan<T> written = rotary.Output;
        bool inPlace = shape.IsInPlace && Unsafe.AreSame(in MemoryMarshal.GetReference(written),
            in MemoryMarshal.GetReference(rotary.Input));
        OverlapRule.RequireApart(nameof(output), written, nameof(input), inPlace ? default : rotary.Input);
        OverlapRule.RequireApart(nameof(output), written, nameof(cos), rotary.Cos);
        OverlapRule.RequireApart(nameof(output), written, nameof(sin), rotary.Sin);
        rotary.Run(positions);
    }
}
