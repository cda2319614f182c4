using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>Products whose accumulators are not binary32. They are summed in binary32 beside the registers:
/// binary16 ones from their old values, integer ones, whose sums are exact, from zero.</summary>
internal static unsafe class WgmmaAccumulators
{
    private const int RegisterBytes = 128;

    [SkipLocalsInit]
    public static void Multiply(Warp w, WgmmaEntry entry, float* a, float* panel)
    {
        WgmmaOperands* operands = entry.Operands;
        int count = operands->Columns / 2;
        byte* sums = stackalloc byte[(WgmmaOperands.MaximumAccumulators * RegisterBytes) + 64];
        sums = (byte*)(((nint)sums + 63) & ~63);
        int* slots = stackalloc int[WgmmaOperands.MaximumAccumulators];
        for (int i = 0; i < count; i++)
        {
            slots[i] = i * RegisterBytes;
        }
        bool isHalf = (operands->Flags & WgmmaOperands.HalfAccumulators) != 0;
        new Span<byte>(sums, count * RegisterBytes).Clear();
        if (isHalf && entry.Adds)
        {
            Widen(w.Regs, operands, sums);
        }
        WgmmaProduct.Multiply(a, panel, operands->Columns, operands->Depth, sums, slots);
        if (isHalf)
        {
            Narrow(w.Regs, operands, sums);
        }
        else
        {
            AddIntegers(w.Regs, entry, sums);
        }
    }

    private static void Widen(byte* registers, WgmmaOperands* operands, byte* sums)
    {
        for (int i = 0; i < operands->AccumulatorCount; i++)
        {
            for (int half = 0; half < 2; half++)
            {
                Vector512<uint> pair = Lanes.Load<uint>(registers + operands->Accumulators[i], half);
                float* target = (float*)(sums + (i * 2 * RegisterBytes)) + (half * 16);
                MmaHandlers.HalfElement.Part(pair, 0).Store(target);
                MmaHandlers.HalfElement.Part(pair, 1).Store(target + 32);
            }
        }
    }

    private static void Narrow(byte* registers, WgmmaOperands* operands, byte* sums)
    {
        for (int i = 0; i < operands->AccumulatorCount; i++)
        {
            for (int half = 0; half < 2; half++)
            {
                uint* source = (uint*)(sums + (i * 2 * RegisterBytes)) + (half * 16);
                HalfOperators.PackHalf.Invoke(Vector512.Load(source + 32), Vector512.Load(source))
                    .Store((uint*)(registers + operands->Accumulators[i]) + (half * 16));
            }
        }
    }

    private static void AddIntegers(byte* registers, WgmmaEntry entry, byte* sums)
    {
        WgmmaOperands* operands = entry.Operands;
        bool saturates = (operands->Flags & WgmmaOperands.Saturates) != 0;
        for (int i = 0; i < operands->AccumulatorCount; i++)
        {
            int* d = (int*)(registers + operands->Accumulators[i]);
            float* product = (float*)(sums + (i * RegisterBytes));
            for (int lane = 0; lane < 32; lane++)
            {
                long sum = (entry.Adds ? d[lane] : 0L) + (int)product[lane];
                d[lane] = saturates ? (int)Math.Clamp(sum, int.MinValue, int.MaxValue) : (int)sum;
            }
        }
    }
}
