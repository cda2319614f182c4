namespace NativeAttention.Testing;

/// <summary>How far a gradient was from float64.</summary>
/// <param name="Name">Of what.</param>
/// <param name="Max">Largest absolute error.</param>
/// <param name="Relative">Euclidean norm of the error over that of the reference.</param>
/// <param name="Allowed">The largest absolute error that was allowed.</param>
public readonly record struct GradientErrors(string Name, double Max, double Relative, double Allowed);
