namespace NativeAttention.Emulation;

/// <summary>A stream: operations in order, and the capture it takes part in.</summary>
internal sealed class EmulatedStream(EmulatedContext context, bool isNonBlocking)
    : EmulatedObject(context)
{
    /// <summary>Whether it does not wait for the null stream, nor the null stream for it.</summary>
    internal bool IsNonBlocking { get; } = isNonBlocking;

    /// <summary>Issued and not yet run; always empty in eager mode.</summary>
    internal Queue<Operation> Pending { get; } = new();

    /// <summary>The capture that operations go into instead of running.</summary>
    internal Capture? Capture { get; set; }

    internal bool IsDestroyed { get; set; }
}
