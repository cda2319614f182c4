using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>The tensors of one backward run, bound to addresses; 0 for what the problem does not have.</summary>
internal struct BackwardOperands
{
    public TensorRef Query;
    public TensorRef Key;
    public TensorRef Value;
    public TensorRef Output;
    public TensorRef OutputGradient;
    public TensorRef ExtraKey;
    public TensorRef ExtraValue;
    public TensorRef QueryGradient;
    public TensorRef KeyGradient;
    public TensorRef ValueGradient;
    public TensorRef ExtraKeyGradient;
    public TensorRef ExtraValueGradient;
    public ulong Lse;
    public ulong LseGradient;
    public ulong Bias;
    public ulong BiasGradient;
}
