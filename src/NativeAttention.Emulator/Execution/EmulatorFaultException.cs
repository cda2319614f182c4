namespace NativeAttention.Emulation;

/// <summary>A launch that ended with a finding.</summary>
public sealed class EmulatorFaultException : Exception
{
    internal EmulatorFaultException(EmulatorFault fault)
        : base(fault.ToString()) => Fault = fault;

    /// <summary>The finding.</summary>
    public EmulatorFault Fault { get; }
}
