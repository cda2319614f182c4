namespace NativeAttention.Testing;

/// <summary>How far a result was from float64.</summary>
/// <param name="MaxOutput">Largest absolute error of the output.</param>
/// <param name="RelativeOutput">Euclidean norm of the error over that of the reference.</param>
/// <param name="MaxLse">Largest absolute error of the log-sum-exp; 0 if none was asked for.</param>
/// <param name="Bound">What was allowed.</param>
public readonly record struct AttentionErrors(
    double MaxOutput, double RelativeOutput, double MaxLse, AttentionBound Bound);
