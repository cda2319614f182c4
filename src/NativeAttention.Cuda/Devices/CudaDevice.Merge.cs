namespace NativeAttention.Cuda;

// Joining partial attention results.
public sealed partial class CudaDevice
{
    /// <summary>
    /// Joins attention results over disjoint sets of keys, without their log-sum-exp: a stack of parts, as
    /// <see cref="AttentionMerge.Merge{TPart, T}"/> does on the host. Returns when the work is in the stream.
    /// </summary>
    /// <typeparam name="TPart">
    /// Element type of the parts: <see cref="float"/> or <typeparamref name="T"/>.
    /// </typeparam>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="outputs">The partial outputs, [parts, batch, sequence, heads, head dim] under
    /// BSHD.</param>
    /// <param name="lses">Their log-sum-exps, [parts, batch, heads, sequence], each part dense.</param>
    /// <param name="output">Receives [batch, sequence, heads, head dim]; part 0 itself, or apart from what is
    /// read.</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="layout">Order of the axes: BSHD, which null means, or BHSD.</param>
    /// <exception cref="ArgumentException">No part, dims that disagree, an innermost stride other than 1, a
    /// log-sum-exp with gaps, overlap, or a view of another device.</exception>
    /// <exception cref="NotSupportedException">A type parameter is not allowed, or the device is too
    /// old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void Merge<TPart, T>(in DeviceView<TPart> outputs, in DeviceView<float> lses,
        in DeviceView<T> output, CudaStream stream, AttentionLayout? layout = null)
        where TPart : unmanaged
        where T : unmanaged =>
        DeviceMerge.Stack(this, outputs, lses, output, default, wantsLse: false, stream, layout);

    /// <summary>
    /// Joins attention results over disjoint sets of keys: a stack of parts, as
    /// <see cref="AttentionMerge.Merge{TPart, T}"/> does on the host. Returns when the work is in the stream.
    /// </summary>
    /// <remarks>A run allocates nothing; the first one loads the kernel. Equal inputs give equal
    /// bits.</remarks>
    /// <typeparam name="TPart">
    /// Element type of the parts: <see cref="float"/> or <typeparamref name="T"/>.
    /// </typeparam>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="outputs">The partial outputs, [parts, batch, sequence, heads, head dim] under
    /// BSHD.</param>
    /// <param name="lses">Their log-sum-exps, [parts, batch, heads, sequence], each part dense.</param>
    /// <param name="output">Receives [batch, sequence, heads, head dim]; part 0 itself, or apart from what is
    /// read.</param>
    /// <param name="lse">Receives the log-sum-exp, dense [batch, heads, sequence]; that of part 0 itself, or
    /// apart from what is read.</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="layout">Order of the axes: BSHD, which null means, or BHSD.</param>
    /// <exception cref="ArgumentException">No part, dims that disagree, an innermost stride other than 1, a
    /// log-sum-exp with gaps, overlap, or a view of another device.</exception>
    /// <exception cref="NotSupportedException">A type parameter is not allowed, or the device is too
    /// old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void Merge<TPart, T>(in DeviceView<TPart> outputs, in DeviceView<float> lses,
        in DeviceView<T> output, in DeviceView<float> lse, CudaStream stream, AttentionLayout? layout = null)
        where TPart : unmanaged
        where T : unmanaged =>
        DeviceMerge.Stack(this, outputs, lses, output, lse, wantsLse: true, stream, layout);

    /// <summary>
    /// Joins two attention results that are tensors of their own, without log-sum-exp. Returns when the
    /// work is in the stream.
    /// </summary>
    /// <typeparam name="TPart">
    /// Element type of the parts: <see cref="float"/> or <typeparamref name="T"/>.
    /// </typeparam>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="first">Output of the first part, [batch, sequence, heads, head dim] under BSHD.</param>
    /// <param name="firstLse">Its log-sum-exp, dense [batch, heads, sequence].</param>
    /// <param name="second">Output of the second part, in any strides of its own.</param>
    /// <param name="secondLse">Its log-sum-exp, dense.</param>
    /// <param name="output">Receives the output; <paramref name="first"/> itself, or apart from what is
    /// read.</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="layout">Order of the axes: BSHD, which null means, or BHSD.</param>
    /// <exception cref="ArgumentException">Dims that disagree, an innermost stride other than 1, a
    /// log-sum-exp with gaps, overlap, or a view of another device.</exception>
    /// <exception cref="NotSupportedException">A type parameter is not allowed, or the device is too
    /// old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void MergePair<TPart, T>(in DeviceView<TPart> first, in DeviceView<float> firstLse,
        in DeviceView<TPart> second, in DeviceView<float> secondLse, in DeviceView<T> output,
        CudaStream stream, AttentionLayout? layout = null)
        where TPart : unmanaged
        where T : unmanaged => DeviceMerge.Pair(this, first, firstLse, second, secondLse, output, default,
            wantsLse: false, stream, layout);

    /// <summary>
    /// Joins two attention results that are tensors of their own. Returns when the work is in the stream.
    /// </summary>
    /// <remarks>A run allocates nothing; the first one loads the kernel. Equal inputs give equal
    /// bits.</remarks>
    /// <typeparam name="TPart">
    /// Element type of the parts: <see cref="float"/> or <typeparamref name="T"/>.
    /// </typeparam>
    /// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <param name="first">Output of the first part, [batch, sequence, heads, head dim] under BSHD.</param>
    /// <param name="firstLse">Its log-sum-exp, dense [batch, heads, sequence].</param>
    /// <param name="second">Output of the second part, in any strides of its own.</param>
    /// <param name="secondLse">Its log-sum-exp, dense.</param>
    /// <param name="output">Receives the output; <paramref name="first"/> itself, or apart from what is
    /// read.</param>
    /// <param name="lse">Receives the log-sum-exp, dense; <paramref name="firstLse"/> itself, or apart from
    /// what is read.</param>
    /// <param name="stream">A stream of this device.</param>
    /// <param name="layout">Order of the axes: BSHD, which null means, or BHSD.</param>
    /// <exception cref="ArgumentException">Dims that disagree, an innermost stride other than 1, a
    /// log-sum-exp with gaps, overlap, or a view of another device.</exception>
    /// <exception cref="NotSupportedException">A type parameter is not allowed, or the device is too
    /// old.</exception>
    /// <exception cref="Bindings.CudaException">The driver refused.</exception>
    /// <exception cref="ObjectDisposedException">A tensor, the stream or the device was disposed.</exception>
    public void MergePair<TPart, T>(in DeviceView<TPart> first, in DeviceView<float> firstLse,
        in DeviceView<TPart> second, in DeviceView<float> secondLse, in DeviceView<T> output,
        in DeviceView<float> lse, CudaStream stream, AttentionLayout? layout = null)
        where TPart : unmanaged
        where T : unmanaged => DeviceMerge.Pair(this, first, firstLse, second, secondLse, output, lse,
            wantsLse: true, stream, layout);
}
