using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>A driver call fails: its code, and in words what is wrong. Never leaves an entry point.</summary>
internal sealed class DriverFailure(CudaResult result, string? finding) : Exception(finding)
{
    internal CudaResult Result { get; } = result;

    internal string? Finding { get; } = finding;

    /// <summary>Fails with <see cref="CudaResult.InvalidValue"/> unless a condition holds.</summary>
    internal static void Require([DoesNotReturnIf(false)] bool condition, string finding)
    {
        if (!condition)
        {
            throw new DriverFailure(CudaResult.InvalidValue, finding);
        }
    }

    /// <summary>The same with a text that is only put together when the condition does not hold.</summary>
    internal static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref FailureText finding)
    {
        if (!condition)
        {
            throw new DriverFailure(CudaResult.InvalidValue, finding.ToText());
        }
    }
}
