using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>Checks views, then launches a kernel of family <c>merge</c>.</summary>
internal static class DeviceMerge
{
    private const string Family = "merge";

    /// <summary>Joins the parts of a stack; a default lse is not wanted.</summary>
    public static void Stack<TPart, T>(CudaDevice device, in DeviceView<TPart> outputs,
        in DeviceView<float> lses, in DeviceView<T> output, in DeviceView<float> lse, bool wantsLse,
        CudaStream stream, AttentionLayout? layout)
        where TPart : unmanaged
        where T : unmanaged
    {
        AttentionMerge.CheckTypes<TPart, T>();
        DeviceCall call = new(device);
        try
        {
            call.Hold(stream, nameof(stream));
            call.Hold(outputs, nameof(outputs), stream);
            call.Hold(lses, nameof(lses), stream);
            HoldResult(ref call, output, lse, wantsLse, stream);
            MergeShape shape = MergeShape.Stack(ViewOperand.Axes(outputs, nameof(outputs)),
                ViewOperand.Axes(lses, nameof(lses)), ViewOperand.Axes(output, nameof(output)), layout);
            int size = Unsafe.SizeOf<TPart>();
            ulong part = (ulong)shape.First.RequiredLength * (ulong)size;
            ulong rest = outputs.Pointer + ((ulong)shape.RestStride * (ulong)size);
            ulong restLse = lses.Pointer + ((ulong)shape.RestLseStride * sizeof(float));
            Launch(device, shape, new Parts<TPart>(
                new MemoryRange(nameof(outputs), outputs.Pointer, part),
                new MemoryRange(nameof(outputs), rest, (ulong)shape.RestLength * (ulong)size),
                new MemoryRange(nameof(lses), lses.Pointer, (ulong)shape.Rows * sizeof(float)),
                new MemoryRange(nameof(lses), restLse, (ulong)shape.RestLseLength * sizeof(float))),
                output, lse, wantsLse, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>Joins two tensors; a default lse is not wanted.</summary>
    public static void Pair<TPart, T>(CudaDevice device, in DeviceView<TPart> first,
        in DeviceView<float> firstLse, in DeviceView<TPart> second, in DeviceView<float> secondLse,
        in DeviceView<T> output, in DeviceView<float> lse, bool wantsLse, CudaStream stream,
        AttentionLayout? layout)
        where TPart : unmanaged
        where T : unmanaged
    {
        AttentionMerge.CheckTypes<TPart, T>();
        DeviceCall call = new(device);
        try
        {
            call.Hold(stream, nameof(stream));
            call.Hold(first, nameof(first), stream);
            call.Hold(firstLse, nameof(firstLse), stream);
            call.Hold(second, nameof(second), stream);
            call.Hold(secondLse, nameof(secondLse), stream);
            HoldResult(ref call, output, lse, wantsLse, stream);
            MergeShape shape = MergeShape.Pair(ViewOperand.Axes(first, nameof(first)),
                ViewOperand.Axes(firstLse, nameof(firstLse)), ViewOperand.Axes(second, nameof(second)),
                ViewOperand.Axes(secondLse, nameof(secondLse)), ViewOperand.Axes(output, nameof(output)),
                layout);
            Launch(device, shape, new Parts<TPart>(
                MemoryRange.Of(nameof(first), first), MemoryRange.Of(nameof(second), second),
                MemoryRange.Of(nameof(firstLse), firstLse), MemoryRange.Of(nameof(secondLse), secondLse)),
                output, lse, wantsLse, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    private static void HoldResult<T>(ref DeviceCall call, in DeviceView<T> output, in DeviceView<float> lse,
        bool wantsLse, CudaStream stream)
        where T : unmanaged
    {
        call.Hold(output, nameof(output), stream);
        if (wantsLse)
        {
            call.Hold(lse, nameof(lse), stream);
        }
    }

    private static void Launch<TPart, T>(CudaDevice device, in MergeShape shape, in Parts<TPart> parts,
        in DeviceView<T> output, in DeviceView<float> lse, bool wantsLse, CudaStream stream)
        where TPart : unmanaged
        where T : unmanaged
    {
        if (wantsLse)
        {
            shape.CheckLse(ViewOperand.Axes(lse, nameof(lse)));
        }

        if (shape.Rows > int.MaxValue)
        {
            ThrowHelper.Argument(nameof(output), $"it has {shape.Rows} rows; a merge takes {int.MaxValue}.");
        }

        bool inPlace = typeof(TPart) == typeof(T) && shape.First == shape.Output
            && parts.First.Start == output.Pointer;
        parts.RequireApart(MemoryRange.Of(nameof(output), output), inPlace, lseInPlace: false);
        if (wantsLse)
        {
            MemoryRange written = MemoryRange.Of(nameof(lse), lse);
            parts.RequireApart(written, inPlace: false, parts.FirstLse.Start == written.Start);
            ViewOperand.RequireApart(written, MemoryRange.Of(nameof(output), output));
        }

        MergeParams p = Parameters<TPart, T>(shape, parts, output.Pointer, wantsLse ? lse.Pointer : 0);
        KernelEntry kernel = OperationKernels.Find(Family, ElementTypes.Of<T>(), device);
        OperationLaunch.Run(device, kernel, p, shape.Rows << p.GroupShift, stream);
    }

    private static MergeParams Parameters<TPart, T>(in MergeShape shape, in Parts<TPart> parts, ulong output,
        ulong lse)
        where TPart : unmanaged
        where T : unmanaged
    {
        (int partBytes, int bytes) = (Unsafe.SizeOf<TPart>(), Unsafe.SizeOf<T>());
        ulong bits = ViewOperand.Bits(parts.First.Start, shape.First, partBytes)
            | ViewOperand.Bits(parts.Rest.Start, shape.Rest, partBytes)
            | ((ulong)shape.RestStride * (ulong)partBytes)
            | ViewOperand.Bits(output, shape.Output, bytes);
        bool vectors = bits % ViewOperand.VectorBytes == 0;
        MergeFlags flags = vectors ? MergeFlags.MergeVectors : MergeFlags.None;
        flags |= typeof(TPart) == typeof(float) ? MergeFlags.MergeWideParts : MergeFlags.None;
        int chunk = vectors ? ViewOperand.VectorBytes / bytes : 1;
        return new MergeParams
        {
            First = ViewOperand.Read(parts.First.Start, shape.First),
            Rest = ViewOperand.Read(parts.Rest.Start, shape.Rest),
            Output = ViewOperand.Written(output, shape.Output),
            FirstLse = parts.FirstLse.Start,
            RestLse = parts.RestLse.Start,
            Lse = lse,
            RestStride = shape.RestStride,
            RestLseStride = shape.RestLseStride,
            Parts = shape.Parts,
            Batch = shape.Output.Batch,
            Length = shape.Output.Sequence,
            Heads = shape.Output.Heads,
            Dim = shape.Output.Dim,
            GroupShift = ViewOperand.GroupShift(shape.Output.Dim / chunk),
            Flags = (uint)flags,
        };
    }

    // Where the parts are.
    private readonly record struct Parts<TPart>(
        MemoryRange First, MemoryRange Rest, MemoryRange FirstLse, MemoryRange RestLse)
        where TPart : unmanaged
    {
        public void RequireApart(in MemoryRange written, bool inPlace, bool lseInPlace)
        {
            ViewOperand.RequireApart(written, inPlace ? First with { Bytes = 0 } : First);
            ViewOperand.RequireApart(written, Rest);
            ViewOperand.RequireApart(written, lseInPlace ? FirstLse with { Bytes = 0 } : FirstLse);
            ViewOperand.RequireApart(written, RestLse);
        }
    }
}
