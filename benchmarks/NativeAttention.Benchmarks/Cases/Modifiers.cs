using System.Text.Json.Nodes;
using NativeAttention.Benchmarks.Problems;

namespace NativeAttention.Benchmarks.Cases;

/// <summary>The modifiers whose cost on the CPU is measured.</summary>
internal static class Modifiers
{
    /// <summary>A scale that is not the default.</summary>
    public static Modifier Scale { get; } = Modifier.Of("scale", 0.5);

    /// <summary>A soft cap about as large as the scores of these inputs, so that it changes what is computed.</summary>
    public static Modifier SoftCap { get; } = Modifier.Of("softcap", 0.1);

    /// <summary>ALiBi, a slope for each head.</summary>
    public static Modifier Alibi { get; } = Modifier.Of("alibi", true);

    /// <summary>A float32 bias that batch and heads share.</summary>
    public static Modifier Bias { get; } = Modifier.Of("bias", "shared");

    /// <summary>A float32 bias for each head of each problem.</summary>
    public static Modifier BiasPerHead { get; } = Modifier.Of("bias", "heads");

    /// <summary>A boolean mask that batch and heads share; it hides half of the pairs, at random.</summary>
    public static Modifier BooleanMask { get; } = Modifier.Of("bool-mask", "shared");

    /// <summary>A causal window: the diagonal and 256 keys before it.</summary>
    public static Modifier Window256 { get; } = Modifier.Of("window", new JsonArray(256, 0));

    /// <summary>A causal window: the diagonal and 1024 keys before it.</summary>
    public static Modifier Window1024 { get; } = Modifier.Of("window", new JsonArray(1024, 0));

    /// <summary>A prefix of 256 keys that every query sees, whatever its mask is.</summary>
    public static Modifier Prefix { get; } = Modifier.Of("prefix", 256);

    /// <summary>A sink for each head.</summary>
    public static Modifier Sinks { get; } = Modifier.Of("sinks", true);

    /// <summary>A factor on the scores of each query.</summary>
    public static Modifier Temperature { get; } = Modifier.Of("temperature", true);

    /// <summary>A term on the scores of each key.</summary>
    public static Modifier KeyLogWeight { get; } = Modifier.Of("key-log-weight", true);

    /// <summary>A factor on the output of each query and head.</summary>
    public static Modifier HeadGate { get; } = Modifier.Of("head-gate", true);

    /// <summary>Of each sequence three quarters of the keys count.</summary>
    public static Modifier KeyLengths { get; } = Modifier.Of("key-lengths", 0.75);

    /// <summary>Packed sequences: the first as long as the shape allows, the others half as long.</summary>
    public static Modifier Packed { get; } = Modifier.Of("packed", true);

    /// <summary>All, in the order of results.</summary>
    public static IReadOnlyList<Modifier> All { get; } =
    [
        Scale, SoftCap, Alibi, Bias, BiasPerHead, BooleanMask, Window256, Window1024, Prefix, Sinks,
        Temperature, KeyLogWeight, HeadGate, KeyLengths, Packed,
    ];
}
