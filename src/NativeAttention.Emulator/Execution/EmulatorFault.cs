using System.Globalization;
using System.Text;

namespace NativeAttention.Emulation;

/// <summary>
/// One finding of the emulator: what happened, where in the PTX, in which block, warp and lanes, and what
/// every warp of the block was doing. A fault ends the launch.
/// </summary>
public sealed record EmulatorFault
{
    /// <summary>What went wrong.</summary>
    public required EmulatorFaultKind Kind { get; init; }

    /// <summary>The finding in words, with addresses and sizes.</summary>
    public required string Message { get; init; }

    /// <summary>Name of the module the kernel came from.</summary>
    public string Module { get; init; } = "";

    /// <summary>Entry name of the kernel.</summary>
    public string Kernel { get; init; } = "";

    /// <summary>Line of the PTX text, counted from 1; 0 when no statement is involved.</summary>
    public int Line { get; init; }

    /// <summary>The PTX statement.</summary>
    public string Statement { get; init; } = "";

    /// <summary>Index of the block.</summary>
    public (int X, int Y, int Z) Block { get; init; }

    /// <summary>Index of the warp in its block; -1 when no single warp is involved.</summary>
    public int Warp { get; init; } = -1;

    /// <summary>The lanes involved, one bit each.</summary>
    public uint Lanes { get; init; }

    /// <summary>The offending address in the space of the access, when there is one.</summary>
    public ulong? Address { get; init; }

    /// <summary>One line for every warp of the block: where it is and what it waits for.</summary>
    public IReadOnlyList<string> WarpStates { get; init; } = [];

    /// <summary>The report on several lines.</summary>
    public override string ToString()
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.Append(culture, $"{Kind} in kernel '{Kernel}': {Message}");
        if (Line > 0)
        {
            text.Append(culture, $"\n  at {Module}.ptx({Line}): {Statement}");
        }
        if (Warp >= 0)
        {
            text.Append(culture,
                $"\n  block ({Block.X}, {Block.Y}, {Block.Z}), warp {Warp}, lanes 0x{Lanes:x8}");
        }
        if (Address is ulong address)
        {
            text.Append(culture, $", address 0x{address:x}");
        }
        foreach (string state in WarpStates)
        {
            text.Append(culture, $"\n    {state}");
        }
        return text.ToString();
    }
}
