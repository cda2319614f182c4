using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NativeAttention.Emulation;

/// <summary>
/// B operands of wgmma, converted to binary32 once for all warps that use them before shared memory changes.
/// One worker runs a block, so a count of what it has written to shared memory tells of changes.
/// </summary>
internal sealed unsafe class WgmmaPanels
{
    private const int Entries = 64;

    private readonly Panel?[] _panels = new Panel?[Entries];

    /// <summary>Grows with every change of shared memory that no other count of the worker tells.</summary>
    public long Changes { get; set; }

    internal sealed class Panel
    {
        private NativeBuffer _values = new(0);

        public (Cta Cta, ulong Descriptor, nint Element, int Columns, bool IsTransposed) Key;
        public (long Written, long Changes) Version;

        /// <summary>Shared addresses of all rows of 16 bytes.</summary>
        public uint[] Rows = [];
        public int RowCount;

        public float* Values => (float*)_values.Pointer;

        public void Reserve(int columns, int depth)
        {
            long bytes = (long)columns * depth * sizeof(float);
            if (_values.Bytes < bytes)
            {
                _values.Free();
                _values = new NativeBuffer(bytes);
            }
            RowCount = columns * 2;
            if (Rows.Length < RowCount)
            {
                Rows = new uint[RowCount];
            }
        }
    }

    /// <summary>The panel of an operand, made now unless it is at hand.</summary>
    public Panel Get<TElement>(Warp w, Op* op, ulong descriptor, WgmmaOperands* operands)
        where TElement : struct, IMmaElement
    {
        bool isTransposed = (operands->Flags & WgmmaOperands.TransposedB) != 0;
        nint element = typeof(TElement).TypeHandle.Value;
        var key = (w.Cta, descriptor, element, operands->Columns, isTransposed);
        (long, long) version = (w.Worker.SharedBytesWritten, Changes);
        uint hash = (uint)((descriptor ^ (descriptor >> 29)) * 0x9E37_79B9) >> 8;
        ref Panel? slot = ref _panels[(hash + (uint)operands->Columns) % Entries];
        slot ??= new Panel();
        if (slot.Version != version || !IsSame(slot.Key, key))
        {
            slot.Version = default;
            Fill<TElement>(w, op, new MatrixDescriptor(descriptor, isTransposed), isTransposed, operands, slot);
            (slot.Key, slot.Version) = (key, version);
        }
        return slot;
    }

    private static bool IsSame(
        in (Cta Cta, ulong Descriptor, nint Element, int Columns, bool IsTransposed) a,
        in (Cta Cta, ulong Descriptor, nint Element, int Columns, bool IsTransposed) b)
    {
        return a.Descriptor == b.Descriptor && ReferenceEquals(a.Cta, b.Cta) && a.Element == b.Element
            && a.Columns == b.Columns && a.IsTransposed == b.IsTransposed;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill<TElement>(
        Warp w, Op* op, in MatrixDescriptor descriptor, bool isTransposed, WgmmaOperands* operands, Panel panel)
        where TElement : struct, IMmaElement
    {
        int depth = operands->Depth;
        panel.Reserve(operands->Columns, depth);
        for (int j = 0; j < operands->Columns / 8; j++)
        {
            for (int chunk = 0; chunk < 2; chunk++)
            {
                fixed (uint* rows = &panel.Rows[((j * 2) + chunk) * 8])
                {
                    FindRows(w, op, descriptor, j, chunk, rows);
                    LoadBlock(w.Shared, rows, isTransposed, out Vector512<uint> low, out Vector512<uint> high);
                    WgmmaProduct.SpreadB<TElement>(
                        low, high, chunk, panel.Values + (j * depth * WgmmaProduct.FloatsOfB));
                }
            }
        }
    }

    /// <summary>The addresses of a block's rows, checked.</summary>
    public static void FindRows(
        Warp w, Op* op, in MatrixDescriptor descriptor, int block, int chunk, uint* rows)
    {
        for (int i = 0; i < 8; i++)
        {
            rows[i] = descriptor.Row(block, chunk, i);
            if (rows[i] < SharedLayout.FirstOffset
                || rows[i] - SharedLayout.FirstOffset + 16 > w.SharedBytes)
            {
                Faults.Raise(w, op, EmulatorFaultKind.SharedOutOfBounds, w.Active, rows[i], string.Create(
                    CultureInfo.InvariantCulture,
                    $"row {i} of block ({block}, {chunk}) of an operand lies at 0x{rows[i]:x}, outside the {w.SharedBytes:N0} bytes of shared memory"));
            }
        }
    }

    /// <summary>Loads eight rows of 16 bytes; transposed, of 16-bit elements, when they lie across k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadBlock(
        byte* shared, uint* rows, bool isTransposed, out Vector512<uint> low, out Vector512<uint> high)
    {
        low = Four(shared, rows);
        high = Four(shared, rows + 4);
        if (isTransposed)
        {
            MatrixLoadHandlers.Transpose(ref low, ref high);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Four(byte* shared, uint* rows)
    {
        Vector256<byte> first =
            Vector256.Create(Vector128.Load(shared + rows[0]), Vector128.Load(shared + rows[1]));
        Vector256<byte> second =
            Vector256.Create(Vector128.Load(shared + rows[2]), Vector128.Load(shared + rows[3]));
        return Vector512.Create(first, second).AsUInt32();
    }
}
