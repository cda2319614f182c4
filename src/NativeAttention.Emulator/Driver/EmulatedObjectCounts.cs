namespace NativeAttention.Emulation;

/// <summary>Numbers of driver objects of one emulated device, by kind.</summary>
/// <param name="Allocations">Device allocations.</param>
/// <param name="PinnedBuffers">Page-locked host buffers, allocated or registered.</param>
/// <param name="Streams">Streams.</param>
/// <param name="Events">Events.</param>
/// <param name="Modules">Modules.</param>
/// <param name="Graphs">Graphs.</param>
/// <param name="ExecutableGraphs">Executable graphs.</param>
public readonly record struct EmulatedObjectCounts(
    int Allocations,
    int PinnedBuffers,
    int Streams,
    int Events,
    int Modules,
    int Graphs,
    int ExecutableGraphs)
{
    /// <summary>All of them together.</summary>
    public int Total =>
        Allocations + PinnedBuffers + Streams + Events + Modules + Graphs + ExecutableGraphs;

    internal EmulatedObjectCounts Plus(EmulatedObjectCounts other)
    {
        return new EmulatedObjectCounts(
            Allocations + other.Allocations,
            PinnedBuffers + other.PinnedBuffers,
            Streams + other.Streams,
            Events + other.Events,
            Modules + other.Modules,
            Graphs + other.Graphs,
            ExecutableGraphs + other.ExecutableGraphs);
    }
}
