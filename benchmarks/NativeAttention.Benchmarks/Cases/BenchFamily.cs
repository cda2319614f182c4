namespace NativeAttention.Benchmarks.Cases;

/// <summary>What a case does.</summary>
public enum BenchFamily
{
    /// <summary>Runs a plan that was made before.</summary>
    Dense,

    /// <summary>Makes a plan and disposes it.</summary>
    Plan,

    /// <summary>One call on spans: plan, run, dispose.</summary>
    OneShot,

    /// <summary>Runs a backward plan that was made before.</summary>
    Backward,
}
