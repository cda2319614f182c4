using NativeAttention.Cuda;

namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>The tensors of one launch.</summary>
internal readonly record struct Operands<T>(DeviceTensor<T> Query, DeviceTensor<T> Key, DeviceTensor<T> Value,
    DeviceTensor<T> Output)
    where T : unmanaged;
