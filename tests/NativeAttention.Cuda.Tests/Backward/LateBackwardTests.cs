using NativeAttention.Emulation;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Every kernel of a backward plan runs in its place in the stream: behind what writes its inputs and before what
/// overwrites them. Work runs only when something waits for it, so a kernel that is elsewhere reads or leaves poison.
/// </summary>
public sealed class LateBackwardTests : DeviceFixture
{
    protected override EmulatorOptions Options => EmulatorOptions.Default with { Streams = StreamMode.Late };

    [Test]
    public void Inputs_that_are_written_late_in_the_stream_are_those_that_count(
        [Values] bool reference, [Values] bool inAnotherStream)
    {
        NeighborhoodCase test = new(ElementType.Float32,
            new NeighborhoodShape(2, new GridShape(6, 7), 4, 2, 16, 24) { ExtraKeys = 3 }, PatternSpec.Windows(3, 5), seed: 54)
        {
            RelativeBias = true,
            LseGradient = true,
            Tuning = new TuningHints { Rung = reference ? "reference" : "tiled" },
        };
        TestContext.Out.WriteLine(test);
        PairBuffers<float> host = test.Allocate<float>();
        test.FillForward(host);
        test.FillUpstream(host);
        using BackwardPlan<float> plan = Device.PlanBackward<float>(test.Shape, test.Problem.Options);
        Assert.That(plan.KernelNames, Has.Count.EqualTo(4), "of rows, keys, queries, bias");
        using CudaStream other = Device.CreateStream();
        using CudaEvent written = Device.CreateEvent(), done = Device.CreateEvent();
        CudaStream writing = inAnotherStream ? other : Stream;
        using Inputs read = new(Device, host, writing);
        using DeviceTensor<float> dq = Poisoned([2, 6, 7, 4, 16]), dk = Poisoned([2, 6, 7, 2, 16]);
        using DeviceTensor<float> dv = Poisoned([2, 6, 7, 2, 24]), dek = Poisoned([2, 3, 2, 16]);
        using DeviceTensor<float> dev = Poisoned([2, 3, 2, 24]), dbias = Poisoned([4, 5 * 9]);
        Device.Synchronize();

        read.Write(writing);
        written.Record(writing);
        Stream.WaitFor(written);
        plan.Run(read.Views, new(dq, dk, dv) { ExtraKey = dek, ExtraValue = dev, RelativeBias = dbias }, Stream);
        done.Record(Stream);
        writing.WaitFor(done);
        read.Poison(writing);
        if (TestDevice.IsEmulated)
        {
            Assert.That(Stream.IsCompleted(), Is.False, "nothing has run yet");
        }

        dq.Download(host.QueryGradient.AsSpan(0, (int)dq.Count), Stream);
        dk.Download(host.KeyGradient.AsSpan(0, (int)dk.Count), Stream);
        dv.Download(host.ValueGradient.AsSpan(0, (int)dv.Count), Stream);
        dek.Download(host.ExtraKeyGradient.AsSpan(0, (int)dek.Count), Stream);
        dev.Download(host.ExtraValueGradient.AsSpan(0, (int)dev.Count), Stream);
        dbias.Download(host.BiasGradient.AsSpan(0, (int)dbias.Count), Stream);
        test.CheckGradients(host);
    }

    private DeviceTensor<float> Poisoned(int[] dims)
    {
        float[] poison = new float[dims.Aggregate(1, (a, b) => a * b)];
        Array.Fill(poison, float.NaN);
        return Device.Upload<float>(poison, dims, Stream);
    }

    /// <summary>All inputs: NaN on the device, and pinned beside them what is to be written there.</summary>
    private sealed class Inputs : IDisposable
    {
        private readonly List<(DeviceTensor<float> Tensor, PinnedBuffer<float> Values, PinnedBuffer<float> Poison)> _all = [];

        public Inputs(CudaDevice device, PairBuffers<float> host, CudaStream stream)
        {
            Add(host.Query, [2, 6, 7, 4, 16]);
            Add(host.Key, [2, 6, 7, 2, 16]);
            Add(host.Value, [2, 6, 7, 2, 24]);
            Add(host.Output, [2, 6, 7, 4, 24]);
            Add(host.OutputGradient, [2, 6, 7, 4, 24]);
            Add(host.Lse, [2, 6, 7, 4]);
            Add(host.LseGradient, [2, 6, 7, 4]);
            Add(host.ExtraKey, [2, 3, 2, 16]);
            Add(host.ExtraValue, [2, 3, 2, 24]);
            Add(host.Bias, [4, 5 * 9]);
            Poison(stream);

            void Add(float[] values, int[] dims)
            {
                int count = dims.Aggregate(1, (a, b) => a * b);
                PinnedBuffer<float> real = device.AllocatePinned<float>(count), poison = device.AllocatePinned<float>(count);
                values.AsSpan(0, count).CopyTo(real.Span);
                poison.Span.Fill(float.NaN);
                _all.Add((device.Allocate<float>(dims, stream), real, poison));
            }
        }

        public DeviceBackwardInputs<float> Views => new()
        {
            Query = _all[0].Tensor,
            Key = _all[1].Tensor,
            Value = _all[2].Tensor,
            Output = _all[3].Tensor,
            OutputGradient = _all[4].Tensor,
            Lse = _all[5].Tensor,
            LseGradient = _all[6].Tensor,
            ExtraKey = _all[7].Tensor,
            ExtraValue = _all[8].Tensor,
            RelativeBias = _all[9].Tensor,
        };

        public void Write(CudaStream stream) => _all.ForEach(x => x.Tensor.AsView().CopyFrom(x.Values, stream));

        public void Poison(CudaStream stream) => _all.ForEach(x => x.Tensor.AsView().CopyFrom(x.Poison, stream));

        public void Dispose() => _all.ForEach(x =>
        {
            x.Tensor.Dispose();
            x.Values.Dispose();
            x.Poison.Dispose();
        });
    }
}
