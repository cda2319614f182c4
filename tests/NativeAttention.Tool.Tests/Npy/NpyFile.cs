using System.Buffers.Binary;
using System.Text;

namespace NativeAttention.Tool.Tests.Npy;

/// <summary>Builds .npy files by hand, right and wrong, from the description of the format.</summary>
internal static class NpyFile
{
    public static byte[] Build(string header, byte[] data, byte major = 1, byte minor = 0)
    {
        using MemoryStream stream = new();
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', major, minor]);
        byte[] text = (major == 3 ? Encoding.UTF8 : Encoding.Latin1).GetBytes(header);
        byte[] length = new byte[major == 1 ? 2 : 4];
        if (major == 1)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)text.Length);
        }

        stream.Write(length);
        stream.Write(text);
        stream.Write(data);
        return stream.ToArray();
    }

    public static string Header(string descr, string shape, bool fortran = false) =>
        $"{{'descr': '{descr}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}\n";
}
