using NativeAttention.Cuda;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>The tensors of one launch.</summary>
internal readonly record struct Operands<T>(
    DeviceView<T> Query, DeviceView<T> Key, DeviceView<T> Value, DeviceView<T> Output)
    where T : unmanaged;
