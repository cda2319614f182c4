namespace NativeAttention.Emulation;

/// <summary>Sorts opcodes into classes and memory spaces, by their text: new instructions find their place
/// without the decoder's help.</summary>
internal static class InstructionClasses
{
    /// <summary>The class of an opcode with all its qualifiers.</summary>
    public static InstructionClass Of(string opcode)
    {
        string[] parts = opcode.Split('.');
        switch (parts[0])
        {
            case "mma" or "wmma":
                return InstructionClass.Tensor;
            case "wgmma":
                return parts.Contains("mma_async") ? InstructionClass.Tensor : InstructionClass.Barrier;
            case "ld" or "ldu" or "st":
                return MemoryClass(Space(parts));
            case "ldmatrix" or "stmatrix":
                return InstructionClass.SharedMemory;
            case "atom" or "red":
                return InstructionClass.Atomic;
            case "cp":
                return InstructionClass.AsyncCopy;
            case "ex2" or "lg2" or "rcp" or "sqrt" or "rsqrt" or "sin" or "cos" or "tanh":
                return InstructionClass.SpecialFunction;
            case "cvt":
                return InstructionClass.Conversion;
            case "mov" or "cvta" or "selp" or "slct" or "isspacep" or "mapa" or "getctarank" or "createpolicy":
                return InstructionClass.Move;
            case "shfl" or "vote" or "match" or "redux" or "activemask" or "elect" or "movmatrix":
                return InstructionClass.Warp;
            case "bar" or "barrier" or "mbarrier" or "membar" or "fence":
                return InstructionClass.Barrier;
            case "bra" or "brx" or "call" or "ret" or "exit" or "trap" or "brkpt" or "nanosleep" or "setmaxnreg"
                or "griddepcontrol" or "prefetch" or "prefetchu" or "applypriority" or "discard" or "pmevent":
                return InstructionClass.Control;
            default:
                return ArithmeticClass(parts);
        }
    }

    /// <summary>The memory space a memory instruction names first; generic when it names none.</summary>
    public static PtxSpace Space(ReadOnlySpan<string> parts)
    {
        foreach (string part in parts)
        {
            switch (part)
            {
                case "global":
                    return PtxSpace.Global;
                case "const":
                    return PtxSpace.Constant;
                case "shared" or "shared::cta" or "shared::cluster":
                    return PtxSpace.Shared;
                case "local":
                    return PtxSpace.Local;
                case "param" or "param::entry":
                    return PtxSpace.Parameter;
            }
        }
        return PtxSpace.Generic;
    }

    private static InstructionClass MemoryClass(PtxSpace space) => space switch
    {
        PtxSpace.Global or PtxSpace.Constant => InstructionClass.GlobalMemory,
        PtxSpace.Shared => InstructionClass.SharedMemory,
        PtxSpace.Local => InstructionClass.LocalMemory,
        PtxSpace.Parameter => InstructionClass.ParameterMemory,
        _ => InstructionClass.GenericMemory,
    };

    private static InstructionClass ArithmeticClass(string[] parts) =>
        Array.FindLast(parts, p => PtxTypes.Parse(p) != PtxType.None) switch
        {
            "f32" or "tf32" or "f32x2" => InstructionClass.Float32,
            "f64" => InstructionClass.Float64,
            "f16" or "f16x2" or "bf16" or "bf16x2" => InstructionClass.Half,
            _ => InstructionClass.Integer,
        };
}
