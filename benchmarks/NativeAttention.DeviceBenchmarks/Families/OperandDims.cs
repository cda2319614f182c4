namespace NativeAttention.DeviceBenchmarks.Families;

/// <summary>The dims of the tensors of one launch.</summary>
internal sealed record OperandDims(int[] Query, int[] Key, int[] Value, int[] Output);
