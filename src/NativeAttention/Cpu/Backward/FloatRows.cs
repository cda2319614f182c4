using NativeAttention.Cpu.Maps;

namespace NativeAttention.Cpu.Backward;

/// <summary>Rows of a tile as floats: where they lie in the caller's memory, or gathered into scratch memory.</summary>
internal unsafe struct FloatRows
{
    /// <summary>First row.</summary>
    public float* Start;

    /// <summary>Distance between rows.</summary>
    public nint Stride;

    /// <summary>The rows of a box.</summary>
    /// <param name="tokens">Row of token 0.</param>
    /// <param name="stride">Distance between the rows of neighbouring tokens.</param>
    /// <param name="runs">The box.</param>
    /// <param name="count">Its tokens, at least one.</param>
    /// <param name="dim">Elements in a row.</param>
    /// <param name="room">Room for the rows.</param>
    public static FloatRows Of<T>(T* tokens, long stride, BoxRuns runs, int count, int dim, float* room)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            BoxRuns first = runs;
            first.MoveNext();
            if (first.Length == count)
            {
                return new FloatRows
                {
                    Start = (float*)(tokens + (first.Token * stride)),
                    Stride = (nint)(first.Step * stride),
                };
            }
        }

        TokenRows<T>.Gather(tokens, stride, runs, dim, room);
        return new FloatRows { Start = room, Stride = dim };
    }
}
