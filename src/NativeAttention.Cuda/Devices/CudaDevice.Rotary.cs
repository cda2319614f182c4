namespace NativeAttention.Cuda;

// Rotary position embedding.
public sealed partial class CudaDevice
{
    /// <summary>
    /// Rotates queries or keys, as <see cref="RotaryEmbedding.Apply{T}"/> does on the host. Returns when the
    /// work is in the stream.
    /// </summary>
    /// <remarks>
    /// A run allocates nothing; the first one loads the kernel. Positions in device memory are not known to
    /// the host: a token whose position is not in the caches gets NaN where it would be rotated.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="input">[batch, sequence, heads, head dim] under BSHD.</param>
    /// <param name="cos">Cosines, dense [positions, rotary dim / 2], or [batch, sequence, rotary dim /
    /// 2].</param>
    /// <param name="sin">Sines, of the same dims.</param>
    /// <param name="positions">Position of every token; default for position t at token t, and where the
    /// caches have a row for every token.</param>
    /// <param name="output">Receives the result: <paramref name="input"/> itself, or memory apart from all
    /// inputs.</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="options">Pairing and layout; null for <see cref="RotaryOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">Dims that disagree, a rotary dim of more than the head dim, an
    /// innermost stride other than 1, a cache with gaps, overlap, or a view of another device.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A position that is one number leads out of the
    /// caches.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type, or the device
    /// is too old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void ApplyRotary<T>(in DeviceView<T> input, in DeviceView<float> cos, in DeviceView<float> sin,
        in DeviceRotaryPositions positions, in DeviceView<T> output, CudaStream stream,
        RotaryOptions? options = null)
        where T : unmanaged => DeviceRotary.Apply(this,
            new DeviceRotary.Rotated<T>(input, nameof(input), output, nameof(output)), null, cos, sin,
            positions, stream, options);

    /// <summary>
    /// Rotates queries and keys, which share batch, sequence and head dim, in one launch. Returns when the
    /// work is in the stream.
    /// </summary>
    /// <remarks>
    /// A run allocates nothing; the first one loads the kernel. Positions in device memory are not known to
    /// the host: a token whose position is not in the caches gets NaN where it would be rotated.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="query">[batch, sequence, query heads, head dim] under BSHD.</param>
    /// <param name="key">[batch, sequence, key heads, head dim] under BSHD.</param>
    /// <param name="cos">Cosines, dense [positions, rotary dim / 2], or [batch, sequence, rotary dim /
    /// 2].</param>
    /// <param name="sin">Sines, of the same dims.</param>
    /// <param name="positions">Position of every token; default for position t at token t, and where the
    /// caches have a row for every token.</param>
    /// <param name="queryOutput">Receives the queries: <paramref name="query"/> itself, or memory apart from
    /// all inputs.</param>
    /// <param name="keyOutput">Receives the keys: <paramref name="key"/> itself, or memory apart from all
    /// inputs and from <paramref name="queryOutput"/>.</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="options">Pairing and layout; null for <see cref="RotaryOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">Dims that disagree, a rotary dim of more than the head dim, an
    /// innermost stride other than 1, a cache with gaps, overlap, or a view of another device.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A position that is one number leads out of the
    /// caches.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type, or the device
    /// is too old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void ApplyRotary<T>(in DeviceView<T> query, in DeviceView<T> key, in DeviceView<float> cos,
        in DeviceView<float> sin, in DeviceRotaryPositions positions, in DeviceView<T> queryOutput,
        in DeviceView<T> keyOutput, CudaStream stream, RotaryOptions? options = null)
        where T : unmanaged => DeviceRotary.Apply(this,
            new DeviceRotary.Rotated<T>(query, nameof(query), queryOutput, nameof(queryOutput)),
            new DeviceRotary.Rotated<T>(key, nameof(key), keyOutput, nameof(keyOutput)), cos, sin, positions,
            stream, options);
}
