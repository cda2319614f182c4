namespace NativeAttention.Emulation;

/// <summary>When work issued to a stream is run. A host program that synchronises correctly cannot
/// tell.</summary>
public enum StreamMode
{
    /// <summary>At the call that issues it.</summary>
    Eager,

    /// <summary>Only when something waits for it: a synchronisation, an event wait or a blocking
    /// copy.</summary>
    Late,
}
