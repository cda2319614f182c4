namespace NativeAttention.Emulation;

/// <summary>Carries a finding from the instruction that made it to the runner.</summary>
internal sealed class EmulatorFaultException(EmulatorFault fault) : Exception(fault.Message)
{
    public EmulatorFault Fault { get; } = fault;
}
