using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>Checks views, then launches a kernel of family <c>append</c>.</summary>
internal static class DeviceAppend
{
    private const string Family = "append";

    /// <summary>Writes the tokens of one tensor into a cache.</summary>
    public static void One<T>(CudaDevice device, in DeviceView<T> added, in DeviceView<T> cache,
        in DeviceView<int> positions, CudaStream stream, AttentionLayout? layout)
        where T : unmanaged
    {
        ElementType type = ElementTypes.Of<T>();
        DeviceCall call = new(device);
        try
        {
            call.Hold(stream, nameof(stream));
            call.Hold(added, nameof(added), stream);
            call.Hold(cache, nameof(cache), stream);
            call.Hold(positions, nameof(positions), stream);
            AppendShape shape = AppendShape.Create(ViewOperand.Axes(added, nameof(added)),
                ViewOperand.Axes(cache, nameof(cache)), layout);
            AppendParams p = Positions(positions, shape.Added.Batch);
            MemoryRange written = MemoryRange.Of(nameof(cache), cache);
            ViewOperand.RequireApart(written, MemoryRange.Of(nameof(added), added));
            ViewOperand.RequireApart(written, MemoryRange.Of(nameof(positions), positions));
            p.First = Part(shape, added.Pointer, cache.Pointer);
            Launch(device, type, ref p, Bits<T>(shape, added.Pointer, cache.Pointer), Rows(shape),
                shape.Added.Dim, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>Writes the tokens of two tensors into two caches, in one launch.</summary>
    public static void Both<T>(CudaDevice device, in DeviceView<T> key, in DeviceView<T> value,
        in DeviceView<T> keyCache, in DeviceView<T> valueCache, in DeviceView<int> positions,
        CudaStream stream, AttentionLayout? layout)
        where T : unmanaged
    {
        ElementType type = ElementTypes.Of<T>();
        DeviceCall call = new(device);
        try
        {
            call.Hold(stream, nameof(stream));
            call.Hold(key, nameof(key), stream);
            call.Hold(value, nameof(value), stream);
            call.Hold(keyCache, nameof(keyCache), stream);
            call.Hold(valueCache, nameof(valueCache), stream);
            call.Hold(positions, nameof(positions), stream);
            AppendShape keys = AppendShape.Create(ViewOperand.Axes(key, nameof(key)),
                ViewOperand.Axes(keyCache, nameof(keyCache)), layout);
            AppendShape values = AppendShape.Create(ViewOperand.Axes(value, nameof(value)),
                ViewOperand.Axes(valueCache, nameof(valueCache)), layout);
            if (values.Added.Batch != keys.Added.Batch)
            {
                ThrowHelper.Argument(nameof(value),
                    $"it is {value.Layout}; batch must be that of 'key', {keys.Added.Batch}.");
            }

            AppendParams p = Positions(positions, keys.Added.Batch);
            MemoryRange toKeys = MemoryRange.Of(nameof(keyCache), keyCache);
            MemoryRange toValues = MemoryRange.Of(nameof(valueCache), valueCache);
            MemoryRange ids = MemoryRange.Of(nameof(positions), positions);
            RequireApart(toKeys, MemoryRange.Of(nameof(key), key), MemoryRange.Of(nameof(value), value), ids);
            RequireApart(toValues, MemoryRange.Of(nameof(key), key), MemoryRange.Of(nameof(value), value),
                ids);
            ViewOperand.RequireApart(toValues, toKeys);
            p.First = Part(keys, key.Pointer, keyCache.Pointer);
            p.Second = Part(values, value.Pointer, valueCache.Pointer);
            Launch(device, type, ref p,
                Bits<T>(keys, key.Pointer, keyCache.Pointer) | Bits<T>(values, value.Pointer,
                valueCache.Pointer),
                Rows(keys) + Rows(values), Math.Max(keys.Added.Dim, values.Added.Dim), stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    /// <summary>Joins two tensors along the sequence.</summary>
    public static void Concatenate<T>(CudaDevice device, in DeviceView<T> past, in DeviceView<T> added,
        in DeviceView<T> present, CudaStream stream, AttentionLayout? layout)
        where T : unmanaged
    {
        ElementType type = ElementTypes.Of<T>();
        DeviceCall call = new(device);
        try
        {
            call.Hold(stream, nameof(stream));
            call.Hold(past, nameof(past), stream);
            call.Hold(added, nameof(added), stream);
            call.Hold(present, nameof(present), stream);
            (AppendShape before, AppendShape after) = AppendShape.Concatenation(
                ViewOperand.Axes(past, nameof(past)), ViewOperand.Axes(added, nameof(added)),
                ViewOperand.Axes(present, nameof(present)), layout);
            MemoryRange written = MemoryRange.Of(nameof(present), present);
            ViewOperand.RequireApart(written, MemoryRange.Of(nameof(past), past));
            ViewOperand.RequireApart(written, MemoryRange.Of(nameof(added), added));
            AppendParams p = new()
            {
                Batch = before.Cache.Batch,
                First = Part(before, past.Pointer, present.Pointer),
                Second = Part(after, added.Pointer, present.Pointer),
            };
            p.Second.Start = before.Added.Sequence;
            Launch(device, type, ref p,
                Bits<T>(before, past.Pointer, present.Pointer) | Bits<T>(after, added.Pointer,
                present.Pointer),
                Rows(before) + Rows(after), before.Cache.Dim, stream);
        }
        finally
        {
            call.Dispose();
        }
    }

    private static AppendParams Positions(in DeviceView<int> positions, int batch)
    {
        ViewOperand.Axes(positions, nameof(positions)).RequireLengths([batch], "[batch]");
        return new AppendParams
        {
            Positions = positions.Pointer,
            PositionStride = positions.Strides[0],
            Batch = batch,
        };
    }

    private static void RequireApart(in MemoryRange written, in MemoryRange a, in MemoryRange b,
        in MemoryRange c)
    {
        ViewOperand.RequireApart(written, a);
        ViewOperand.RequireApart(written, b);
        ViewOperand.RequireApart(written, c);
    }

    private static AppendPart Part(in AppendShape shape, ulong source, ulong cache) => new()
    {
        Source = ViewOperand.Read(source, shape.Added),
        Cache = ViewOperand.Written(cache, shape.Cache),
        Length = shape.Added.Sequence,
        Heads = shape.Added.Heads,
        Dim = shape.Added.Dim,
        Capacity = shape.Cache.Sequence,
    };

    private static ulong Bits<T>(in AppendShape shape, ulong source, ulong cache)
        where T : unmanaged => ViewOperand.Bits(source, shape.Added, Unsafe.SizeOf<T>())
            | ViewOperand.Bits(cache, shape.Cache, Unsafe.SizeOf<T>());

    private static long Rows(in AppendShape shape) =>
        (long)shape.Added.Batch * shape.Added.Sequence * shape.Added.Heads;

    private static void Launch(CudaDevice device, ElementType type, ref AppendParams p, ulong bits, long rows,
        int dim, CudaStream stream)
    {
        if (rows > int.MaxValue)
        {
            throw new ArgumentException($"There are {rows} rows of tokens and heads: a launch takes "
                + $"{int.MaxValue}.");
        }

        bool vectors = bits % ViewOperand.VectorBytes == 0;
        p.Flags = (uint)(vectors ? AppendFlags.AppendVectors : AppendFlags.None);
        p.GroupShift = ViewOperand.GroupShift(
            vectors ? dim * ElementTypes.SizeInBytes(type) / ViewOperand.VectorBytes : dim);
        OperationLaunch.Run(device, OperationKernels.Find(Family, type, device), p, rows << p.GroupShift,
            stream);
    }
}
