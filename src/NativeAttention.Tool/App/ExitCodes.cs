namespace NativeAttention.Tool.App;

/// <summary>
/// What the program returns to its caller. Part of the contract: scripts depend on the numbers.
/// </summary>
internal static class ExitCodes
{
    /// <summary>Everything was done, every check passed.</summary>
    public const int Ok = 0;

    /// <summary>A check failed: some result is outside its error bound, or the emulator found a fault in a
    /// kernel.</summary>
    public const int CheckFailed = 1;

    /// <summary>Bad usage or bad input: unknown option, unreadable file, shapes that do not fit.</summary>
    public const int BadInput = 2;

    /// <summary>The device is not available, or cannot run this problem.</summary>
    public const int NotAvailable = 3;

    /// <summary>Something failed while running: driver error, fault, disk full.</summary>
    public const int Failure = 4;

    /// <summary>A PTX file does not load: every offending statement was listed.</summary>
    public const int LoadFailed = 5;

    /// <summary>The table, for the help.</summary>
    public const string Help = """
        Exit codes:
          0  everything was done, every check passed
          1  a check failed, or the emulator found a fault in a kernel
          2  bad usage or bad input
          3  the device is not available or cannot run the problem
          4  failure while running (driver error, fault, disk full)
          5  the PTX file does not load
        """;
}
