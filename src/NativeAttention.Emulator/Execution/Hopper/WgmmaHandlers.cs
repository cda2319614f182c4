using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// wgmma, warp by warp: each warp of the warpgroup computes its own 16 rows. <see cref="Op.List"/> holds a
/// <see cref="WgmmaOperands"/>, Imm the function that does the arithmetic for the element types.
/// </summary>
internal static unsafe class WgmmaHandlers
{
    private const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>wgmma.mma_async.</summary>
    public static void Issue(Warp w, Op* op)
    {
        RequireWholeWarp(w, op);
        WgmmaOperands* operands = (WgmmaOperands*)op->List;
        bool isRegisterA = (operands->Flags & WgmmaOperands.RegisterA) != 0;
        ulong a = isRegisterA ? 0 : Descriptor(w, op, operands->A[0]);
        ulong b = Descriptor(w, op, operands->DescriptorB);
        w.Cta.Warpgroups.Check(w, op, a, b);
        WgmmaEntry entry = w.Products.Add(w, op);
        (entry.DescriptorA, entry.DescriptorB) = (a, b);
        entry.Adds = Adds(w, op, operands->ScaleD);
        if (isRegisterA)
        {
            entry.TakeFragments(w.Regs);
        }
        ((delegate*<Warp, WgmmaEntry, bool, void>)op->Imm)(w, entry, true);
        if (!w.Worker.CopiesAreLate)
        {
            Compute(w, entry);
        }
        else if (!w.Products.IsChained(entry))
        {
            entry.TakeAccumulators(w.Regs);
        }
    }

    public static void Fence(Warp w, Op* op) => RequireWholeWarp(w, op);

    public static void Commit(Warp w, Op* op)
    {
        RequireWholeWarp(w, op);
        w.Products.Commit();
    }

    /// <summary>Imm: newest groups that may stay in flight.</summary>
    public static void Wait(Warp w, Op* op)
    {
        RequireWholeWarp(w, op);
        w.Products.Wait(w, (int)op->Imm);
    }

    /// <summary>Stands for a wgmma that no fence precedes.</summary>
    public static void MissingFence(Warp w, Op* op)
    {
        Faults.Raise(w, op, EmulatorFaultKind.WgmmaMisuse, w.Active, null,
            "a register of this product is read or written by another instruction, on some way to here, with no wgmma.fence between");
    }

    /// <summary>Stands for an instruction that touches registers of a product in flight.</summary>
    public static void TouchesInFlight(Warp w, Op* op)
    {
        Faults.Raise(w, op, EmulatorFaultKind.WgmmaInFlight, w.Active, null,
            "a register of a wgmma is read or changed here, and nothing has waited for the product");
    }

    /// <summary>Computes a product from what shared memory holds now.</summary>
    public static void Compute(Warp w, WgmmaEntry entry) =>
        ((delegate*<Warp, WgmmaEntry, bool, void>)entry.Op->Imm)(w, entry, false);

    /// <summary>One product, or only the checks of its reads of shared memory.</summary>
    [MethodImpl(Hot)]
    [SkipLocalsInit]
    public static void Multiply<TA, TB>(Warp w, WgmmaEntry entry, bool checks)
        where TA : struct, IMmaElement
        where TB : struct, IMmaElement
    {
        WgmmaOperands* operands = entry.Operands;
        WgmmaPanels.Panel panel = w.Worker.Panels.Get<TB>(w, entry.Op, entry.DescriptorB, operands);
        if (checks)
        {
            CheckReads(w, entry, panel);
            return;
        }
        float* a = stackalloc float[(32 * WgmmaProduct.FloatsOfA) + 16];
        a = (float*)(((nint)a + 63) & ~63);
        SpreadA<TA>(w, entry, a);
        w.Worker.SharedBytesRead += operands->Columns * 8;
        if ((operands->Flags & (WgmmaOperands.HalfAccumulators | WgmmaOperands.IntegerAccumulators)) != 0)
        {
            WgmmaAccumulators.Multiply(w, entry, a, panel.Values);
            return;
        }
        if (!entry.Adds)
        {
            for (int i = 0; i < operands->AccumulatorCount; i++)
            {
                new Span<byte>(w.Regs + operands->Accumulators[i], 128).Clear();
            }
        }
        WgmmaProduct.Multiply(
            a, panel.Values, operands->Columns, operands->Depth, w.Regs, operands->Accumulators);
    }

    private static void SpreadA<TA>(Warp w, WgmmaEntry entry, float* a)
        where TA : struct, IMmaElement
    {
        WgmmaOperands* operands = entry.Operands;
        bool isNegated = (operands->Flags & WgmmaOperands.Negated) != 0;
        bool isRegister = (operands->Flags & WgmmaOperands.RegisterA) != 0;
        bool isTransposed = (operands->Flags & WgmmaOperands.TransposedA) != 0;
        MatrixDescriptor descriptor = new(entry.DescriptorA, isTransposed);
        uint* rows = stackalloc uint[8];
        for (int r = 0; r < 4; r++)
        {
            Vector512<uint> low, high;
            if (isRegister)
            {
                low = Vector512.Load((uint*)entry.Fragments.Pointer + (r * 32));
                high = Vector512.Load((uint*)entry.Fragments.Pointer + (r * 32) + 16);
            }
            else
            {
                FindRowsOfA(descriptor, w, r, rows);
                WgmmaPanels.LoadBlock(w.Shared, rows, isTransposed, out low, out high);
                w.Worker.SharedBytesRead += 128;
            }
            WgmmaProduct.SpreadA<TA>(low, high, r, isNegated, a);
        }
    }

    private static void FindRowsOfA(in MatrixDescriptor descriptor, Warp w, int register, uint* rows)
    {
        int block = (w.Index % 4 * 2) + (register & 1);
        for (int i = 0; i < 8; i++)
        {
            rows[i] = descriptor.Row(block, register >> 1, i);
        }
    }

    /// <summary>Checks and notes the reads of both operands at the issue.</summary>
    private static void CheckReads(Warp w, WgmmaEntry entry, WgmmaPanels.Panel panel)
    {
        fixed (uint* rows = panel.Rows)
        {
            w.Cta.Shadow.ReadRowsAsync(w, entry.Op, rows, panel.RowCount, entry.Tag);
        }
        if ((entry.Operands->Flags & WgmmaOperands.RegisterA) != 0)
        {
            return;
        }
        MatrixDescriptor descriptor =
            new(entry.DescriptorA, (entry.Operands->Flags & WgmmaOperands.TransposedA) != 0);
        uint* rowsOfA = stackalloc uint[8];
        for (int r = 0; r < 4; r++)
        {
            WgmmaPanels.FindRows(w, entry.Op, descriptor, (w.Index % 4 * 2) + (r & 1), r >> 1, rowsOfA);
            w.Cta.Shadow.ReadRowsAsync(w, entry.Op, rowsOfA, 8, entry.Tag);
        }
    }

    private static ulong Descriptor(Warp w, Op* op, int slot)
    {
        ulong* lanes = (ulong*)(w.Regs + slot);
        ulong first = lanes[0];
        if (new ReadOnlySpan<ulong>(lanes, 32).ContainsAnyExcept(first))
        {
            Misuse(w, op, "the lanes of the warp disagree on a descriptor");
        }
        string? problem = MatrixDescriptor.Problem(first);
        if (problem is not null)
        {
            Misuse(w, op, problem);
        }
        return first;
    }

    private static bool Adds(Warp w, Op* op, int slot)
    {
        uint predicate = *(uint*)(w.Regs + slot);
        if (predicate is not (0 or uint.MaxValue))
        {
            Misuse(w, op, "the lanes of the warp disagree on scale-d");
        }
        return predicate != 0;
    }

    private static void RequireWholeWarp(Warp w, Op* op)
    {
        if (w.Active != Lanes.All)
        {
            MmaHandlers.RequireWholeWarp(w, op);
        }
    }

    private static void Misuse(Warp w, Op* op, string message) =>
        Faults.Raise(w, op, EmulatorFaultKind.WgmmaMisuse, w.Active, null, message);
}
