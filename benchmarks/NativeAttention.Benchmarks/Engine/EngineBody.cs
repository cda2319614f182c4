using System.Diagnostics;
using NativeAttention.Cuda;
using NativeAttention.Emulation;

namespace NativeAttention.Benchmarks.Engine;

/// <summary>A case made ready on an emulated device of its own: tensors uploaded, plan made.</summary>
internal sealed class EngineBody : IDisposable
{
    private const int Seed = 20261121;

    private readonly CudaBackend _backend;
    private readonly CudaStream _stream;
    private readonly DeviceTensor<Half>[] _tensors;
    private readonly AttentionPlan<Half> _plan;

    /// <summary>Makes a case ready.</summary>
    /// <param name="case">The case.</param>
    /// <param name="profile">Whether to count what runs.</param>
    public EngineBody(EngineCase @case, bool profile = false)
    {
        Ordinal = EmulatedDriver.AddDevice(EmulatorOptions.Default with
        {
            Checks = @case.Checks,
            Threads = @case.Threads,
            Profile = profile,
        });
        _backend = CudaBackend.Open(EmulatedDriver.Driver, Ordinal);
        _stream = _backend.Device.CreateStream();
        Random random = new(Seed);
        _tensors = [.. Enumerable.Range(0, 4).Select(_ => Draw(@case.Shape, random))];
        _plan = _backend.Device.Plan<Half>(@case.Shape);
    }

    /// <summary>Ordinal of the device.</summary>
    public int Ordinal { get; }

    /// <summary>Warp instructions of one run.</summary>
    public static long CountInstructions(EngineCase @case)
    {
        using EngineBody body = new(@case, profile: true);
        body.Run();
        return EmulatedDriver.GetProfiles(body.Ordinal)[0].WarpInstructions;
    }

    /// <summary>Runs once; returns the seconds from the launch to its end.</summary>
    public double Run()
    {
        long start = Stopwatch.GetTimestamp();
        _plan.Run(_tensors[0], _tensors[1], _tensors[2], _tensors[3], _stream);
        _stream.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _plan.Dispose();
        foreach (DeviceTensor<Half> tensor in _tensors)
        {
            tensor.Dispose();
        }

        _stream.Dispose();
        _backend.Dispose();
    }

    private DeviceTensor<Half> Draw(AttentionShape s, Random random)
    {
        Half[] values = new Half[s.QueryLength * s.QueryHeads * s.HeadDim];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (Half)(random.NextSingle() - 0.5f);
        }

        DeviceTensor<Half> tensor =
            _backend.Device.Upload<Half>(values, [1, s.QueryLength, s.QueryHeads, s.HeadDim], _stream);
        _stream.Synchronize();
        return tensor;
    }
}
