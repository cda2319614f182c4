using System.Numerics;
using System.Runtime.InteropServices;
using NativeAttention.Cpu;

namespace NativeAttention;

/// <summary>The rotation of checked spans, on the calling thread: rows one by one, each in vectors.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal readonly ref struct HostRotary<T>
    where T : unmanaged
{
    private const int ChunkLength = 256;
    private readonly RotaryShape _shape;
    private readonly bool _interleaved;

    /// <summary>Makes a rotation.</summary>
    public HostRotary(RotaryShape shape, bool interleaved)
    {
        _shape = shape;
        _interleaved = interleaved;
    }

    /// <summary>What is rotated.</summary>
    public ReadOnlySpan<T> Input { get; init; }

    /// <summary>Where it goes: apart from the input, or the same.</summary>
    public Span<T> Output { get; init; }

    /// <summary>Cosines.</summary>
    public ReadOnlySpan<float> Cos { get; init; }

    /// <summary>Sines.</summary>
    public ReadOnlySpan<float> Sin { get; init; }

    /// <summary>Rotates every row.</summary>
    public void Run(RotaryPositions positions)
    {
        TensorExtents all = _shape.Input;
        for (int b = 0; b < all.Batch; b++)
        {
            for (int s = 0; s < all.Sequence; s++)
            {
                long row = ((long)b * _shape.CacheBatchRows) + positions[b, s, all.Sequence];
                int angle = (int)(row * _shape.Half);
                ReadOnlySpan<float> cos = Cos.Slice(angle, _shape.Half), sin = Sin.Slice(angle, _shape.Half);
                for (int h = 0; h < all.Heads; h++)
                {
                    Rotate(Input.Slice((int)all.Offset(b, s, h), all.Dim),
                        Output.Slice((int)_shape.Output.Offset(b, s, h), all.Dim), cos, sin);
                }
            }
        }
    }

    // Chunk by chunk, each read before it is written, since both rows may be one.
    private void Rotate(ReadOnlySpan<T> input, Span<T> output, ReadOnlySpan<float> cos,
        ReadOnlySpan<float> sin)
    {
        Span<float> first = stackalloc float[ChunkLength], second = stackalloc float[ChunkLength];
        Span<float> both = stackalloc float[_interleaved ? 2 * ChunkLength : 0];
        for (int u = 0; u < _shape.Half; u += ChunkLength)
        {
            int count = Math.Min(ChunkLength, _shape.Half - u);
            Span<float> x = first[..count], y = second[..count];
            if (_interleaved)
            {
                Span<float> pairs = both[..(2 * count)];
                ElementConvert.Widen(input.Slice(2 * u, 2 * count), pairs);
                Split(pairs, x, y);
                Rotate(x, y, cos[u..], sin[u..]);
                Join(x, y, pairs);
                ElementConvert.Narrow<T>(pairs, output.Slice(2 * u, 2 * count));
            }
            else
            {
                ElementConvert.Widen(input.Slice(u, count), x);
                ElementConvert.Widen(input.Slice(u + _shape.Half, count), y);
                Rotate(x, y, cos[u..], sin[u..]);
                ElementConvert.Narrow<T>(x, output.Slice(u, count));
                ElementConvert.Narrow<T>(y, output.Slice(u + _shape.Half, count));
            }
        }

        input[(2 * _shape.Half)..].CopyTo(output[(2 * _shape.Half)..]);
    }

    // (x, y) becomes (x cos - y sin, y cos + x sin).
    private static void Rotate(Span<float> x, Span<float> y, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin)
    {
        ref float xs = ref MemoryMarshal.GetReference(x), ys = ref MemoryMarshal.GetReference(y);
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> a = Vector.LoadUnsafe(ref xs, (nuint)i), b = Vector.LoadUnsafe(ref ys, (nuint)i);
            Vector<float> c = new(cos[i..]), s = new(sin[i..]);
            ((a * c) - (b * s)).StoreUnsafe(ref xs, (nuint)i);
            ((b * c) + (a * s)).StoreUnsafe(ref ys, (nuint)i);
        }

        for (; i < x.Length; i++)
        {
            (x[i], y[i]) = ((x[i] * cos[i]) - (y[i] * sin[i]), (y[i] * cos[i]) + (x[i] * sin[i]));
        }
    }

    private static void Split(ReadOnlySpan<float> pairs, Span<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = pairs[2 * i];
            y[i] = pairs[(2 * i) + 1];
        }
    }

    private static void Join(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> pairs)
    {
        for (int i = 0; i < x.Length; i++)
        {
            pairs[2 * i] = x[i];
            pairs[(2 * i) + 1] = y[i];
        }
    }
}
