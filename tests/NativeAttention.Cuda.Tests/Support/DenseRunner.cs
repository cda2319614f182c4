using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>Runs a case on device tensors and checks it against float64.</summary>
internal static class DenseRunner
{
    /// <summary>Plans and runs.</summary>
    public static AttentionErrors Run(CudaDevice device, AttentionCase test, bool withLse = true) =>
        test.ElementType switch
        {
            ElementType.Float32 => Planned<float>(device, test, withLse),
            ElementType.Float16 => Planned<Half>(device, test, withLse),
            _ => Planned<BFloat16>(device, test, withLse),
        };

    /// <summary>
    /// Runs a plan in a stream of its own. The device buffers are as long as the host's, poison included.
    /// </summary>
    public static AttentionErrors Run<T>(CudaDevice device, AttentionPlan<T> plan, AttentionCase test,
        bool withLse = true)
        where T : unmanaged
    {
        AttentionBuffers<T> host = test.Allocate<T>();
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<T> query = device.Upload<T>(host.Query, [host.Query.Length], stream);
        using DeviceTensor<T> key = device.Upload<T>(host.Key, [host.Key.Length], stream);
        using DeviceTensor<T> value = device.Upload<T>(host.Value, [host.Value.Length], stream);
        using DeviceTensor<T> output = device.Upload<T>(host.Output, [host.Output.Length], stream);
        using DeviceTensor<float> lse = device.Upload<float>(host.Lse, [host.Lse.Length], stream);
        using HostOperands<T> operands = new(device, plan.Operands, stream);
        operands.Upload(test.Operands.Inputs(host), stream);
        plan.RunOnStorage(operands.With(query, key, value), output, withLse ? lse : null, stream);
        output.Download(host.Output, stream);
        lse.Download(host.Lse, stream);
        return test.Check(host, withLse);
    }

    private static AttentionErrors Planned<T>(CudaDevice device, AttentionCase test, bool withLse)
        where T : unmanaged
    {
        using AttentionPlan<T> plan = device.Plan<T>(test.Shape, test.Options);
        return Run(device, plan, test, withLse);
    }
}
