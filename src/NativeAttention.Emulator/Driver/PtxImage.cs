using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>
/// The image given to <c>cuModuleLoadDataEx</c>: PTX text and nothing else, for this device and this driver.
/// </summary>
internal sealed unsafe partial class PtxImage
{
    /// <summary>Newest PTX version understood: that of CUDA 12.8, which the table claims to be.</summary>
    private static readonly Version NewestPtx = new(8, 7);

    private const uint FatBinaryMagic = 0xBA55ED50;
    private const uint FatBinaryWrapperMagic = 0x466243B1;
    private const uint ElfMagic = 0x464C457F;

    private PtxImage(string text)
    {
        Text = text;
        Name = EntryPattern().Match(text) is { Success: true } entry ? entry.Groups[1].Value : "module";
    }

    internal string Text { get; }

    /// <summary>Name for messages: the first entry.</summary>
    internal string Name { get; }

    /// <summary>Reads an image; fails with the code and a reason when the device cannot run it.</summary>
    internal static PtxImage Read(void* image, EmulatedDevice device)
    {
        DriverFailure.Require(image != null, "the image is null");
        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)image);
        RefuseBinary(bytes);
        RefuseGarbage(bytes);
        PtxImage read = new(Encoding.UTF8.GetString(bytes));
        read.CheckVersion();
        read.CheckTarget(device);
        return read;
    }

    /// <summary>A version as the driver gives it in attributes: 7.4 is 74.</summary>
    internal static int VersionNumber(string version)
    {
        return Version.TryParse(version, out Version? parsed) ? (parsed.Major * 10) + parsed.Minor : 0;
    }

    private static void RefuseBinary(ReadOnlySpan<byte> bytes)
    {
        uint magic = bytes.Length >= sizeof(uint) ? MemoryMarshal.Read<uint>(bytes) : 0;
        string? what = magic switch
        {
            ElfMagic => "a cubin",
            FatBinaryMagic or FatBinaryWrapperMagic => "a fat binary",
            _ => null,
        };
        if (what is not null)
        {
            throw new DriverFailure(
                CudaResult.InvalidImage, $"the image is {what}: the emulator runs PTX text only");
        }
    }

    private static void RefuseGarbage(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] < 0x20 && bytes[i] is not ((byte)'\t' or (byte)'\n' or (byte)'\r'))
            {
                throw new DriverFailure(
                    CudaResult.InvalidPtx,
                    FormattableString.Invariant(
                        $"the image is no text: byte 0x{bytes[i]:x2} at {i}; is its final NUL missing?"));
            }
        }

        if (!Utf8.IsValid(bytes))
        {
            throw new DriverFailure(
                CudaResult.InvalidPtx, "the image is no text: not UTF-8; is its final NUL missing?");
        }
    }

    private void CheckVersion()
    {
        Match match = VersionPattern().Match(Text);
        if (!match.Success)
        {
            throw new DriverFailure(CudaResult.InvalidPtx, "the image has no .version: it is not PTX");
        }

        Version version = Version.Parse(match.Groups[1].Value);
        if (version > NewestPtx)
        {
            throw new DriverFailure(
                CudaResult.UnsupportedPtxVersion,
                $"module '{Name}' has PTX version {version}; the newest understood is {NewestPtx}");
        }
    }

    private void CheckTarget(EmulatedDevice device)
    {
        Match match = TargetPattern().Match(Text);
        if (!match.Success)
        {
            throw new DriverFailure(CudaResult.InvalidPtx, "the image has no .target sm_<number>");
        }

        string target = match.Groups[1].Value;
        int capability = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
        int own = (device.Properties.Major * 10) + device.Properties.Minor;
        bool isSpecific = match.Groups[3].Length > 0;
        if (capability > own || (isSpecific && target != device.Options.Target))
        {
            throw new DriverFailure(
                CudaResult.NoBinaryForGpu,
                $"module '{Name}' is for {target}; device {device.Ordinal} is {device.Options.Target}");
        }
    }

    // Directives stand at the start of a line, so that comments do not match.
    [GeneratedRegex(@"^\s*\.version\s+(\d+\.\d+)", RegexOptions.Multiline)]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"^\s*\.target\s+(sm_(\d+)([af]?))", RegexOptions.Multiline)]
    private static partial Regex TargetPattern();

    [GeneratedRegex(@"\.entry\s+([\w$]+)")]
    private static partial Regex EntryPattern();
}
