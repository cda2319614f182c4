namespace NativeAttention.Cuda;

/// <summary>
/// Counts the calls that are inside an object and remembers whether it was closed. Whoever leaves last after
/// the close tears the object down, so a <c>Dispose</c> that races a call never frees what that call still
/// uses.
/// </summary>
/// <remarks>Bit 0 is "closed"; the bits above it count the calls inside.</remarks>
internal struct LifetimeGate
{
    private const int Closed = 1;
    private const int One = 2;

    private int _state;

    /// <summary>Whether <see cref="Close"/> was called.</summary>
    public bool IsClosed => (Volatile.Read(ref _state) & Closed) != 0;

    /// <summary>Enters, unless the gate is closed.</summary>
    public bool TryEnter()
    {
        int seen = Volatile.Read(ref _state);
        while ((seen & Closed) == 0)
        {
            int before = Interlocked.CompareExchange(ref _state, seen + One, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>
    /// Leaves. True when the caller was the last inside a closed gate and must tear the object down.
    /// </summary>
    public bool Exit() => Interlocked.Add(ref _state, -One) == Closed;

    /// <summary>
    /// Closes. True when nobody is inside and the caller must tear the object down; true at most once.
    /// </summary>
    public bool Close() => Interlocked.Or(ref _state, Closed) == 0;
}
