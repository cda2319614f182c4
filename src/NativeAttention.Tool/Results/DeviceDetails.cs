namespace NativeAttention.Tool.Results;

/// <summary>What is known of a device and of what drives it.</summary>
internal sealed record DeviceDetails
{
    /// <summary>Version of the GPU's driver.</summary>
    public string? Driver { get; init; }

    /// <summary>Compute capability, such as 9.0.</summary>
    public string? ComputeCapability { get; init; }

    /// <summary>Streaming multiprocessors.</summary>
    public int? Sms { get; init; }

    /// <summary>Clock of the multiprocessors or cores during the run, MHz.</summary>
    public double? ClockMHz { get; init; }

    /// <summary>Clock of the memory during the run, MHz.</summary>
    public double? MemoryClockMHz { get; init; }

    /// <summary>Name of the processor.</summary>
    public string? Cpu { get; init; }

    /// <summary>Logical processors.</summary>
    public int? Cores { get; init; }

    /// <summary>Operating system.</summary>
    public string? Os { get; init; }

    /// <summary>Version of .NET.</summary>
    public string? Runtime { get; init; }

    /// <summary>What built the PTX.</summary>
    public string? PtxCompiler { get; init; }
}
