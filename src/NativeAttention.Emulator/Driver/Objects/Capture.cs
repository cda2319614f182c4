using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>
/// A capture in progress. Operations of all its streams are kept in the order of issue, which respects every
/// dependency; how far each stream knows of the others only serves to tell whether all were joined.
/// </summary>
internal sealed class Capture
{
    private readonly List<Operation> _operations = [];
    private readonly Dictionary<EmulatedStream, Dictionary<EmulatedStream, int>> _known = [];

    internal Capture(EmulatedStream origin, StreamCaptureMode mode)
    {
        Origin = origin;
        Mode = mode;
        Thread = Environment.CurrentManagedThreadId;
        _known[origin] = new() { [origin] = 0 };
    }

    internal EmulatedStream Origin { get; }

    internal StreamCaptureMode Mode { get; }

    /// <summary>The thread that began it.</summary>
    internal int Thread { get; }

    internal bool IsInvalidated { get; private set; }

    internal bool HasEnded { get; private set; }

    internal Operation[] Operations => [.. _operations];

    /// <summary>Whether the stream that began it has waited for all the others.</summary>
    internal bool IsJoined => _known.All(s => _known[Origin].GetValueOrDefault(s.Key, -1) == s.Value[s.Key]);

    internal void Add(EmulatedStream stream, in Operation operation)
    {
        if (IsInvalidated)
        {
            throw new DriverFailure(
                CudaResult.StreamCaptureInvalidated, "an earlier call invalidated the capture");
        }

        _operations.Add(operation);
        _known[stream][stream]++;
    }

    /// <summary>What the end of a stream includes.</summary>
    internal CapturePoint PointOf(EmulatedStream stream)
    {
        return new CapturePoint(this, new(_known[stream]));
    }

    /// <summary>Makes a stream wait for a point; a stream from outside thereby joins the capture.</summary>
    internal void Wait(EmulatedStream stream, CapturePoint point)
    {
        if (!_known.TryGetValue(stream, out Dictionary<EmulatedStream, int>? known))
        {
            known = _known[stream] = new() { [stream] = 0 };
            stream.Capture = this;
        }

        foreach ((EmulatedStream other, int length) in point.Known)
        {
            known[other] = Math.Max(known.GetValueOrDefault(other, -1), length);
        }
    }

    internal void Invalidate()
    {
        IsInvalidated = true;
    }

    /// <summary>Lets the streams go.</summary>
    internal void End()
    {
        HasEnded = true;
        foreach (EmulatedStream stream in _known.Keys)
        {
            stream.Capture = null;
        }
    }
}

/// <summary>A point of a capture: how much of each stream comes before it.</summary>
internal sealed record CapturePoint(Capture Capture, Dictionary<EmulatedStream, int> Known);
