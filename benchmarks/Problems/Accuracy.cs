namespace NativeAttention.Benchmarks.Problems;

/// <summary>How far an output is from float64.</summary>
/// <param name="MaxError">Largest absolute error.</param>
/// <param name="RelativeError">Norm of the error over the norm of what is right.</param>
/// <param name="Bound">Largest absolute error that <c>nattn verify</c> would allow ours.</param>
internal readonly record struct Accuracy(double MaxError, double RelativeError, double Bound);
