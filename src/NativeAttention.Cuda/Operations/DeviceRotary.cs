using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>Checks views, then launches a kernel of family <c>rotary</c>.</summary>
internal static class DeviceRotary
{
    private const string Family = "rotary";

    /// <summary>Rotates one tensor, or two.</summary>
    public static void Apply<T>(CudaDevice device, in Rotated<T> query, in Rotated<T>? key,
        in DeviceView<float> cos, in DeviceView<float> sin, in DeviceRotaryPositions positions,
        CudaStream stream, RotaryOptions? options)
        where T : unmanaged
    {
        options ??= RotaryOptions.Default;
        ElementType type = ElementTypes.Of<T>();
        DeviceCall call = new(device);
        try
        {
            call.Hold(stream, nameof(stream));
            call.Hold(cos, nameof(cos), stream);
            call.Hold(sin, nameof(sin), stream);
            Hold(ref call, positions, stream);
            Hold(ref call, query, stream);
            if (key is { } held)
            {
                Hold(ref call, held, stream);
            }

            RotaryShape shape = Shape(query, cos, sin, options);
            RotaryParams p = Parameters(shape, positions, cos, sin, options);
            Bind(ref p.Query, ref p.QueryOutput, out p.QueryHeads, query, shape);
            RequireApart(query, query, shape.IsInPlace, cos, sin, positions);
            ulong bits = Bits(query, shape) | cos.Pointer | sin.Pointer;
            if (key is { } second)
            {
                RotaryShape keys = Shape(second, cos, sin, options);
                RequireSame(second.Input, keys.Input, query.InputName, shape.Input, second.InputName);
                Bind(ref p.Key, ref p.KeyOutput, out p.KeyHeads, second, keys);
                RequireApart(second, second, keys.IsInPlace, cos, sin, positions);
                RequireApart(second, query, false, cos, sin, positions);
                RequireApart(query, second, false, cos, sin, positions);
                ViewOperand.RequireApart(MemoryRange.Of(second.OutputName, second.Output),
                    MemoryRange.Of(query.OutputName, query.Output));
                bits |= Bits(second, keys);
            }

            long rows = (long)shape.Input.Batch * shape.Input.Sequence * ((long)p.QueryHeads + p.KeyHeads);
            if (rows > int.MaxValue)
            {
                ThrowHelper.Argument(query.InputName, $"there are {rows} rows; allowed are {int.MaxValue}.");
            }

            // Both halves of what is rotated, and the rest, in whole words.
            bits |= (ulong)p.RotaryHalf * (ulong)Unsafe.SizeOf<T>();
            bool vectors = bits % ViewOperand.VectorBytes == 0;
            p.Flags |= vectors ? (uint)RotaryFlags.RotaryVectors : 0;
            int chunk = vectors ? ViewOperand.VectorBytes / Unsafe.SizeOf<T>() : 1;
            p.GroupShift = ViewOperand.GroupShift(
                Math.Max(p.RotaryHalf, p.HeadDim - (2 * p.RotaryHalf)) / chunk);
            OperationLaunch.Run(device, OperationKernels.Find(Family, type, device), p,
                rows << p.GroupShift, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    private static void Hold(ref DeviceCall call, in DeviceRotaryPositions positions, CudaStream stream)
    {
        if (positions.IsWide)
        {
            call.Hold(positions.WideIds, nameof(positions), stream);
        }
        else if (positions.HasIds)
        {
            call.Hold(positions.Ids, nameof(positions), stream);
        }
    }

    private static void Hold<T>(ref DeviceCall call, in Rotated<T> tensor, CudaStream stream)
        where T : unmanaged
    {
        call.Hold(tensor.Input, tensor.InputName, stream);
        call.Hold(tensor.Output, tensor.OutputName, stream);
    }

    private static RotaryShape Shape<T>(in Rotated<T> tensor, in DeviceView<float> cos,
        in DeviceView<float> sin, RotaryOptions options)
        where T : unmanaged => RotaryShape.Create(ViewOperand.Axes(tensor.Input, tensor.InputName),
            ViewOperand.Axes(cos, nameof(cos)), ViewOperand.Axes(sin, nameof(sin)),
            ViewOperand.Axes(tensor.Output, tensor.OutputName), options.Layout);

    private static void RequireSame<T>(in DeviceView<T> key, TensorExtents extents, string other,
        TensorExtents query, string argument)
        where T : unmanaged
    {
        if (extents with { Heads = query.Heads, Strides = query.Strides } != query)
        {
            ThrowHelper.Argument(argument,
                $"it is {key.Layout}; batch, sequence and head dim must be those of '{other}', "
                + $"{query.Batch}, {query.Sequence} and {query.Dim}.");
        }
    }

    private static RotaryParams Parameters(in RotaryShape shape, in DeviceRotaryPositions positions,
        in DeviceView<float> cos, in DeviceView<float> sin, RotaryOptions options)
    {
        shape.CheckPositions(positions.IsGiven);
        CheckPositions(shape, positions);
        RotaryFlags flags = options.Interleaved ? RotaryFlags.RotaryInterleaved : RotaryFlags.None;
        flags |= positions.IsWide ? RotaryFlags.RotaryWidePositions : RotaryFlags.None;
        flags |= positions.PerToken ? RotaryFlags.None : RotaryFlags.RotaryCounted;
        ReadOnlySpan<long> strides = positions.IsWide ? positions.WideIds.Strides : positions.Ids.Strides;
        return new RotaryParams
        {
            Cosines = cos.Pointer,
            Sines = sin.Pointer,
            Positions = positions.IsWide ? positions.WideIds.Pointer : positions.Ids.Pointer,
            PositionBatchStride = positions.HasIds ? strides[0] : 0,
            PositionStride = positions.PerToken ? strides[1] : 0,
            Offset = positions.Offset,
            CacheBatchRows = shape.CacheBatchRows,
            CacheRows = shape.CacheRows,
            Batch = shape.Input.Batch,
            Length = shape.Input.Sequence,
            HeadDim = shape.Input.Dim,
            RotaryHalf = shape.Half,
            Flags = (uint)flags,
        };
    }

    private static void CheckPositions(in RotaryShape shape, in DeviceRotaryPositions positions)
    {
        (int batch, int length) = (shape.Input.Batch, shape.Input.Sequence);
        if (positions.HasIds)
        {
            ArgumentAxes axes = positions.IsWide
                ? ViewOperand.Axes(positions.WideIds, nameof(positions))
                : ViewOperand.Axes(positions.Ids, nameof(positions));
            if (positions.PerToken)
            {
                axes.RequireLengths([batch, length], "[batch, sequence]");
            }
            else
            {
                axes.RequireLengths([batch], "[batch]");
            }
        }
        else if (batch > 0 && length > 0)
        {
            shape.CheckPosition(positions.Offset, 0, 0);
            shape.CheckPosition((long)positions.Offset + length - 1, 0, length - 1);
        }
    }

    private static void Bind<T>(ref TensorRef input, ref MutableTensorRef output, out int heads,
        in Rotated<T> tensor, in RotaryShape shape)
        where T : unmanaged
    {
        input = ViewOperand.Read(tensor.Input.Pointer, shape.Input);
        output = ViewOperand.Written(tensor.Output.Pointer, shape.Output);
        heads = shape.Input.Heads;
    }

    private static ulong Bits<T>(in Rotated<T> tensor, in RotaryShape shape)
        where T : unmanaged => ViewOperand.Bits(tensor.Input.Pointer, shape.Input, Unsafe.SizeOf<T>())
            | ViewOperand.Bits(tensor.Output.Pointer, shape.Output, Unsafe.SizeOf<T>());

    // The output of one against what the kernel reads of the other, or of itself.
    private static void RequireApart<T>(in Rotated<T> written, in Rotated<T> read, bool mayBeInPlace,
        in DeviceView<float> cos, in DeviceView<float> sin, in DeviceRotaryPositions positions)
        where T : unmanaged
    {
        MemoryRange output = MemoryRange.Of(written.OutputName, written.Output);
        if (!mayBeInPlace || read.Input.Pointer != written.Output.Pointer)
        {
            ViewOperand.RequireApart(output, MemoryRange.Of(read.InputName, read.Input));
        }

        ViewOperand.RequireApart(output, MemoryRange.Of(nameof(cos), cos));
        ViewOperand.RequireApart(output, MemoryRange.Of(nameof(sin), sin));
        ViewOperand.RequireApart(output, MemoryRange.Of(nameof(positions), positions.Ids));
        ViewOperand.RequireApart(output, MemoryRange.Of(nameof(positions), positions.WideIds));
    }

    /// <summary>A tensor, where it goes, and what the caller calls them.</summary>
    internal readonly struct Rotated<T>(in DeviceView<T> input, string inputName, in DeviceView<T> output,
        string outputName)
        where T : unmanaged
    {
        private readonly DeviceView<T> _input = input;
        private readonly DeviceView<T> _output = output;

        public readonly DeviceView<T> Input => _input;

        public readonly DeviceView<T> Output => _output;

        public readonly string InputName => inputName;

        public readonly string OutputName => outputName;
    }
}
