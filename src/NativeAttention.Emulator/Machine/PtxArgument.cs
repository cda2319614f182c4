using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace NativeAttention.Emulation;

/// <summary>
/// What a launch gives for one parameter: the address of a buffer, a number, or a structure. Buffers and
/// numbers convert to it by themselves.
/// </summary>
public readonly struct PtxArgument
{
    private readonly byte[]? _bytes;
    private readonly ArgumentKind _kind;

    private PtxArgument(ArgumentKind kind, byte[] bytes) => (_kind, _bytes) = (kind, bytes);

    private enum ArgumentKind
    {
        Structure,
        Address,
        Integer,
        Float,
    }

    /// <summary>A device address.</summary>
    /// <param name="address">The address.</param>
    public static PtxArgument Address(ulong address) => Of(ArgumentKind.Address, address);

    /// <summary>A structure, byte by byte; also any number whose type has no conversion of its own.</summary>
    /// <typeparam name="T">A type whose layout is that of the parameter.</typeparam>
    /// <param name="value">The value.</param>
    public static PtxArgument Structure<T>(T value)
        where T : unmanaged => Of(ArgumentKind.Structure, value);

    /// <summary>The bytes of a parameter.</summary>
    /// <param name="bytes">As many as the parameter has.</param>
    public static PtxArgument Structure(ReadOnlySpan<byte> bytes) =>
        new(ArgumentKind.Structure, bytes.ToArray());

    /// <summary>An integer of 32 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(int value) => Of(ArgumentKind.Integer, value);

    /// <summary>An unsigned integer of 32 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(uint value) => Of(ArgumentKind.Integer, value);

    /// <summary>An integer of 64 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(long value) => Of(ArgumentKind.Integer, value);

    /// <summary>An unsigned integer of 64 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(ulong value) => Of(ArgumentKind.Integer, value);

    /// <summary>An integer of 16 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(short value) => Of(ArgumentKind.Integer, value);

    /// <summary>An unsigned integer of 16 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(ushort value) => Of(ArgumentKind.Integer, value);

    /// <summary>An integer of 8 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(sbyte value) => Of(ArgumentKind.Integer, value);

    /// <summary>An unsigned integer of 8 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(byte value) => Of(ArgumentKind.Integer, value);

    /// <summary>A float of 32 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(float value) => Of(ArgumentKind.Float, value);

    /// <summary>A float of 64 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(double value) => Of(ArgumentKind.Float, value);

    /// <summary>A float of 16 bits.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator PtxArgument(Half value) => Of(ArgumentKind.Float, value);

    /// <summary>Kind and size.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Bytes.Length} bytes of {Describe()}");

    /// <summary>Whether the argument can stand for a parameter; otherwise what is wrong.</summary>
    internal bool Fits(PtxParameter parameter, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (Bytes.Length != parameter.Size)
        {
            problem = string.Create(CultureInfo.InvariantCulture,
                $"{this} are given, the parameter has {parameter.Size}");
            return false;
        }
        // Compilers declare parameters by bits or by a type; only a declared type can be at odds.
        PtxTypeClass declared = parameter.IsArray
            ? PtxTypeClass.Bits : PtxTypes.Parse(parameter.Type).Class();
        bool isWrong = _kind switch
        {
            ArgumentKind.Float => declared is PtxTypeClass.Signed or PtxTypeClass.Unsigned,
            ArgumentKind.Integer or ArgumentKind.Address => declared == PtxTypeClass.Float,
            _ => false,
        };
        problem = isWrong ? $"{this} are given, the parameter is of type .{parameter.Type}" : null;
        return !isWrong;
    }

    internal void CopyTo(Span<byte> target) => Bytes.CopyTo(target);

    private byte[] Bytes => _bytes ?? [];

    private static PtxArgument Of<T>(ArgumentKind kind, T value)
        where T : unmanaged => new(kind, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray());

    private string Describe() => _kind switch
    {
        ArgumentKind.Address => "a pointer",
        ArgumentKind.Integer => "an integer",
        ArgumentKind.Float => "a float",
        _ => "a structure",
    };
}
