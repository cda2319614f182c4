namespace NativeAttention.Emulation;

/// <summary>Finds the tensor map that an instruction names: a kernel parameter, or 128 bytes of constant or
/// global memory.</summary>
internal static unsafe class TensorMapReader
{
    public static TensorMap Read(Warp w, Op* op, int lane, ulong address)
    {
        byte* image = Locate(w, op, lane, address);
        TensorMap? map = TensorMap.Read(new ReadOnlySpan<byte>(image, TensorMap.ImageBytes));
        if (map is null)
        {
            Misuse(w, op, lane, address,
                $"the {TensorMap.ImageBytes} bytes at 0x{address:x} are not a tensor map, or one that was changed");
        }
        return map!;
    }

    private static byte* Locate(Warp w, Op* op, int lane, ulong address)
    {
        ulong window = address & (0xFFul << 56);
        if (address % TensorMap.Alignment != 0)
        {
            Faults.Raise(w, op, EmulatorFaultKind.MisalignedAddress, 1u << lane, address,
                $"the address 0x{address:x} of a tensor map is not a multiple of {TensorMap.Alignment}");
        }
        switch (window)
        {
            case SharedLayout.ParameterWindow:
                ulong offset = address - window;
                if (offset + TensorMap.ImageBytes > (ulong)w.Worker.ParameterBytes)
                {
                    Misuse(w, op, lane, address,
                        $"a tensor map at offset {offset} of {w.Worker.ParameterBytes} bytes of parameters");
                }
                return w.Worker.Parameters + offset;
            case SharedLayout.LocalWindow:
                Misuse(w, op, lane, address,
                    "the tensor map has been copied to local memory; take its address with cvta.param");
                return null;
            case SharedLayout.SharedWindow:
                Misuse(w, op, lane, address, "the tensor map lies in shared memory");
                return null;
            default:
                if (!w.Worker.Launch.Memory.TryCheckHostAccess(
                    address, TensorMap.ImageBytes, out string? problem))
                {
                    Faults.Raise(w, op, EmulatorFaultKind.GlobalOutOfBounds, 1u << lane, address, problem);
                }
                return (byte*)address;
        }
    }

    private static void Misuse(Warp w, Op* op, int lane, ulong address, string message)
    {
        Faults.Raise(w, op, EmulatorFaultKind.TensorMapMisuse, 1u << lane, address, message);
    }
}
