namespace NativeAttention.Emulation;

/// <summary>
/// The warps of a warpgroup must execute the same matrix products with the same descriptors. Each warp runs by
/// itself, so the first to come to a product notes it and the others are compared.
/// </summary>
internal sealed unsafe class WarpgroupLog
{
    private const int Window = 1024;

    private readonly (int Step, nint Op, ulong A, ulong B)[] _notes = new (int, nint, ulong, ulong)[8 * Window];
    private readonly int[] _steps = new int[32];

    public void Start()
    {
        if (_steps.AsSpan().ContainsAnyExcept(0))
        {
            Array.Clear(_steps);
            Array.Clear(_notes);
        }
    }

    /// <summary>Notes a product, or compares it; descriptors are 0 where there are none.</summary>
    public void Check(Warp w, Op* op, ulong a, ulong b)
    {
        int group = w.Index / 4;
        if ((group * 4) + 4 > w.Cta.WarpCount)
        {
            Faults.Raise(w, op, EmulatorFaultKind.WgmmaMisuse, w.Active, null,
                $"warp {w.Index} belongs to no whole warpgroup of four warps");
        }
        int step = ++_steps[w.Index];
        ref (int Step, nint Op, ulong A, ulong B) note = ref _notes[(group * Window) + (step % Window)];
        if (note.Step < step)
        {
            note = (step, (nint)op, a, b);
        }
        else if (note.Step == step && (note.Op, note.A, note.B) != ((nint)op, a, b))
        {
            Faults.Raise(w, op, EmulatorFaultKind.WgmmaMisuse, w.Active, null,
                $"product {step} of the warpgroup: warp {w.Index} has descriptors 0x{a:x16} and 0x{b:x16}, another warp 0x{note.A:x16} and 0x{note.B:x16} or another instruction");
        }
    }
}
