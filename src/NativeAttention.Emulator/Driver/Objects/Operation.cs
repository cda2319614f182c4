namespace NativeAttention.Emulation;

/// <summary>What an operation of a stream does.</summary>
internal enum OperationKind
{
    Launch,
    CopyToDevice,
    CopyToHost,
    CopyOnDevice,
    FillBytes,
    FillWords,
    Free,
    HostFunction,
    Record,
    Wait,
    Graph,
}

/// <summary>One operation of a stream. A value, so that running one at once allocates nothing.</summary>
internal struct Operation
{
    internal OperationKind Kind;

    /// <summary>Name of the driver call that issued it.</summary>
    internal string Call;

    /// <summary>Number in the order of issue of its context.</summary>
    internal long Id;

    /// <summary>Device or host address.</summary>
    internal ulong Destination;

    /// <summary>Device or host address; of a host function: its code.</summary>
    internal ulong Source;

    /// <summary>Bytes; of a fill with words: their number; of a host function: its argument.</summary>
    internal long Count;

    /// <summary>Value of a fill.</summary>
    internal uint Value;

    internal EmulatedFunction? Function;
    internal LaunchRequest? Request;
    internal Fence? Fence;
    internal Operation[]? Operations;
}
