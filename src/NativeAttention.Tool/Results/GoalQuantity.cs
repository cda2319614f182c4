namespace NativeAttention.Tool.Results;

/// <summary>What a goal is about.</summary>
internal enum GoalQuantity
{
    /// <summary>Rate of useful operations over the compute ceiling.</summary>
    ComputeShare,

    /// <summary>Rate of unavoidable bytes over the read ceiling.</summary>
    ReadShare,

    /// <summary>Our speed over that of another provider.</summary>
    SpeedOverProvider,

    /// <summary>Our speed over our own on another case.</summary>
    SpeedOverCase,

    /// <summary>Our time over that of another provider: less is better.</summary>
    TimeOverProvider,

    /// <summary>Time of a run: less is better.</summary>
    Seconds,

    /// <summary>Managed bytes of a run: less is better.</summary>
    AllocatedBytes,
}
