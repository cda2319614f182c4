namespace NativeAttention.Cuda;

// Taking new tokens into caches of keys and values.
public sealed partial class CudaDevice
{
    /// <summary>
    /// Writes new tokens into a cache with room for them, as <see cref="KeyValueCache.Append{T}"/> does on
    /// the host. Returns when the work is in the stream.
    /// </summary>
    /// <remarks>
    /// The kernel reads the positions, so that a captured graph replays with those of the moment; the host
    /// does not know them, and a token that would lie outside the cache is not written. A run allocates
    /// nothing; the first one loads the kernel.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="added">The tokens, [batch, added tokens, heads, head dim] under BSHD.</param>
    /// <param name="cache">Receives them, [batch, capacity, heads, head dim]; apart from what is
    /// read.</param>
    /// <param name="positions">Where the first token of each sequence goes, [batch].</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="layout">Order of the axes: BSHD, which null means, or BHSD.</param>
    /// <exception cref="ArgumentException">Dims that disagree, fewer tokens in the cache than are added, an
    /// innermost stride other than 1, overlap, or a view of another device.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type, or the device
    /// is too old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void Append<T>(in DeviceView<T> added, in DeviceView<T> cache, in DeviceView<int> positions,
        CudaStream stream, AttentionLayout? layout = null)
        where T : unmanaged => DeviceAppend.One(this, added, cache, positions, stream, layout);

    /// <summary>
    /// Writes new keys and values into their caches in one launch. Returns when the work is in the stream.
    /// </summary>
    /// <remarks>
    /// The kernel reads the positions, so that a captured graph replays with those of the moment; the host
    /// does not know them, and a token that would lie outside its cache is not written. A run allocates
    /// nothing; the first one loads the kernel.
    /// </remarks>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="key">New keys, [batch, added tokens, heads, head dim] under BSHD.</param>
    /// <param name="value">New values; heads and head dim may be others.</param>
    /// <param name="keyCache">Receives the keys, [batch, capacity, heads, head dim]; apart from everything
    /// else.</param>
    /// <param name="valueCache">Receives the values; apart from everything else.</param>
    /// <param name="positions">Where the first token of each sequence goes, [batch].</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="layout">Order of the axes: BSHD, which null means, or BHSD.</param>
    /// <exception cref="ArgumentException">Dims that disagree, fewer tokens in a cache than are added, an
    /// innermost stride other than 1, overlap, or a view of another device.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type, or the device
    /// is too old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void Append<T>(in DeviceView<T> key, in DeviceView<T> value, in DeviceView<T> keyCache,
        in DeviceView<T> valueCache, in DeviceView<int> positions, CudaStream stream,
        AttentionLayout? layout = null)
        where T : unmanaged =>
        DeviceAppend.Both(this, key, value, keyCache, valueCache, positions, stream, layout);

    /// <summary>
    /// Joins past and new tokens along the sequence, as <see cref="KeyValueCache.Concatenate{T}"/> does on
    /// the host, in one launch. Returns when the work is in the stream.
    /// </summary>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="past">The past tokens, [batch, past tokens, heads, head dim] under BSHD.</param>
    /// <param name="added">The new ones, [batch, added tokens, heads, head dim].</param>
    /// <param name="present">Receives both, [batch, past + added tokens, heads, head dim]; apart from what is
    /// read.</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="layout">Order of the axes: BSHD, which null means, or BHSD.</param>
    /// <exception cref="ArgumentException">Dims that disagree, lengths that do not add up, an innermost
    /// stride other than 1, overlap, or a view of another device.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is no element type, or the device
    /// is too old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void Concatenate<T>(in DeviceView<T> past, in DeviceView<T> added, in DeviceView<T> present,
        CudaStream stream, AttentionLayout? layout = null)
        where T : unmanaged => DeviceAppend.Concatenate(this, past, added, present, stream, layout);
}
