namespace NativeAttention.Emulation;

/// <summary>The first word of an instruction picks its group.</summary>
internal sealed unsafe partial class KernelDecoder
{
    private void DecodeByMnemonic()
    {
        switch (_parts[0])
        {
            case "mov": DecodeMove(); break;
            case "cvta": DecodeConvertAddress(); break;
            case "isspacep": DecodeIsSpace(); break;
            case "cvt": DecodeConvert(); break;
            case "add" or "sub" or "min" or "max": DecodeArithmetic(_parts[0]); break;
            case "mul" when IsFloatForm: DecodeFloatArithmetic("mul"); break;
            case "mul" or "mad" or "madc" or "fma": DecodeMultiplyAdd(_parts[0] != "mul"); break;
            case "addc": DecodeCarry(0); break;
            case "subc": DecodeCarry(CarryHandlers.Subtracts); break;
            case "mul24" or "mad24": DecodeMultiply24(); break;
            case "div" or "rem": DecodeDivision(_parts[0]); break;
            case "abs" or "neg": DecodeSign(_parts[0]); break;
            case "and" or "or" or "xor" or "not": DecodeLogic(_parts[0]); break;
            case "shl" or "shr": DecodeShift(_parts[0] == "shl"); break;
            case "shf": DecodeFunnel(); break;
            case "lop3": DecodeLop3(); break;
            case "popc" or "clz" or "brev" or "bfind" or "cnot": DecodeBits(_parts[0]); break;
            case "bfe": DecodeExtract(); break;
            case "bfi": DecodeInsert(); break;
            case "fns": SetScalar(&Scalars.FindNthSet, 0); break;
            case "szext" or "bmsk": DecodeFieldMask(_parts[0]); break;
            case "prmt": DecodePermute(); break;
            case "sad": DecodeSumOfDifferences(); break;
            case "dp4a" or "dp2a": DecodeDotProduct(_parts[0] == "dp4a"); break;
            case "vadd" or "vsub" or "vabsdiff" or "vmin" or "vmax" or "vshl" or "vshr" or "vmad" or "vset"
                or "vadd2" or "vsub2" or "vavrg2" or "vabsdiff2" or "vmin2" or "vmax2" or "vset2"
                or "vadd4" or "vsub4" or "vavrg4" or "vabsdiff4" or "vmin4" or "vmax4" or "vset4":
                DecodeVideo(); break;
            case "setp": DecodeSetPredicate(); break;
            case "set": DecodeSet(); break;
            case "selp": DecodeSelect(); break;
            case "slct": DecodeSelectBySign(); break;
            case "rcp" or "sqrt" or "rsqrt" or "ex2" or "lg2" or "sin" or "cos" or "tanh": DecodeSpecial(_parts[0]); break;
            case "copysign": DecodeCopySign(); break;
            case "testp": DecodeTestProperty(); break;
            case "ld" or "ldu": DecodeLoad(); break;
            case "st": DecodeStore(); break;
            case "atom" or "red": DecodeAtomic(_parts[0] == "red"); break;
            case "prefetch" or "prefetchu" or "applypriority" or "discard": DecodeHint(); break;
            case "createpolicy": DecodePolicy(); break;
            case "cp": DecodeAsyncCopy(); break;
            case "mbarrier": DecodeMbarrier(); break;
            case "wgmma": DecodeWgmma(); break;
            case "elect": DecodeElect(); break;
            case "mapa": DecodeMapShared(); break;
            case "getctarank": DecodeGetRank(); break;
            case "setmaxnreg": DecodeSetRegisters(); break;
            case "griddepcontrol": DecodeGridControl(); break;
            case "ldmatrix" or "stmatrix": DecodeMatrixLoad(_parts[0] == "ldmatrix"); break;
            case "mma": DecodeMma(); break;
            case "movmatrix": DecodeMoveMatrix(); break;
            case "shfl": DecodeShuffle(); break;
            case "vote": DecodeVote(); break;
            case "match": DecodeMatch(); break;
            case "redux": DecodeReduce(); break;
            case "activemask": DecodeActiveMask(); break;
            case "bar" or "barrier": DecodeBarrier(); break;
            case "membar" or "fence": DecodeFence(); break;
            case "bra": DecodeBranch(); break;
            case "ret" or "exit": DecodeExit(); break;
            case "trap" or "brkpt": DecodeTrap(); break;
            case "nanosleep": DecodeSleep(); break;
            default: throw Unsupported();
        }
    }
}
