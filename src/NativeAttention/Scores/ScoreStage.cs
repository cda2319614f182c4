namespace NativeAttention;

/// <summary>At which stage of the softmax scores are returned: the modes of ONNX Attention.</summary>
public enum ScoreStage
{
    /// <summary>scale * temperature * q.k.</summary>
    Scaled,

    /// <summary>After the soft cap; the same as <see cref="Scaled"/> without one.</summary>
    SoftCapped,

    /// <summary>After bias, key log-weight, ALiBi and masks: what is hidden is minus infinity.</summary>
    Masked,

    /// <summary>After the softmax, the sink included: rows that see nothing are 0.</summary>
    Probabilities,
}
