using System.Runtime.CompilerServices;
using NativeAttention.Bindings;
using NativeAttention.Neighborhood;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Dense attention through the neighborhood kernels, as a line of keys with a band: what has rows without keys, which no
/// pattern of a map has.
/// </summary>
internal static class DenseAsMap
{
    /// <summary>Runs a case and checks it.</summary>
    public static void Run(CudaDevice device, AttentionCase test)
    {
        switch (test.ElementType)
        {
            case ElementType.Float32: Run<float>(device, test); break;
            case ElementType.Float16: Run<Half>(device, test); break;
            default: Run<BFloat16>(device, test); break;
        }
    }

    private static void Run<T>(CudaDevice device, AttentionCase test)
        where T : unmanaged
    {
        AttentionProblem problem = AttentionProblem.Create(test.ElementType, test.Shape, test.Options);
        MapProblem map = MapProblem.Of(problem);
        Assert.That(NeighborhoodPlanner.TryChoose(map, device.Capability, device.MaxSharedBytes,
            out NeighborhoodChoice? choice, out string reason), reason);
        AttentionBuffers<T> x = test.Allocate<T>();
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<T> query = device.Upload<T>(x.Query, [x.Query.Length], stream);
        using DeviceTensor<T> key = device.Upload<T>(x.Key, [x.Key.Length], stream);
        using DeviceTensor<T> value = device.Upload<T>(x.Value, [x.Value.Length], stream);
        using DeviceTensor<T> output = device.Upload<T>(x.Output, [x.Output.Length], stream);
        using DeviceTensor<float> lse = device.Upload<float>(x.Lse, [x.Lse.Length], stream);
        using NeighborhoodKernel kernel = new(device, map, choice!);
        OperandAxes axes = OperandAxes.Of(problem);
        NeighborhoodParams p = kernel.Template;
        p.Query = axes.Query.Bind(query.AsView().Pointer);
        p.Key = axes.Key.Bind(key.AsView().Pointer);
        p.Value = axes.Value.Bind(value.AsView().Pointer);
        p.Output = Unsafe.BitCast<TensorRef, MutableTensorRef>(axes.Output.Bind(output.AsView().Pointer));
        p.Lse = lse.AsView().Pointer;
        DeviceCall call = new(device);
        try
        {
            call.Hold(stream, nameof(stream));
            kernel.Launch(p, ref call, stream);
        }
        finally
        {
            call.Dispose();
        }

        output.Download(x.Output, stream);
        lse.Download(x.Lse, stream);
        test.Check(x);
    }
}
