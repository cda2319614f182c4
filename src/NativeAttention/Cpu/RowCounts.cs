namespace NativeAttention.Cpu;

/// <summary>
/// A number of rows as a type: a micro-kernel written for four rows, in which the compiler leaves out what
/// concerns the others.
/// </summary>
internal interface IRowCount
{
    /// <summary>1 to 4.</summary>
    static abstract int Count { get; }
}

/// <summary>One row.</summary>
internal readonly struct Rows1 : IRowCount
{
    public static int Count => 1;
}

/// <summary>Two rows.</summary>
internal readonly struct Rows2 : IRowCount
{
    public static int Count => 2;
}

/// <summary>Three rows.</summary>
internal readonly struct Rows3 : IRowCount
{
    public static int Count => 3;
}

/// <summary>Four rows.</summary>
internal readonly struct Rows4 : IRowCount
{
    public static int Count => 4;
}
