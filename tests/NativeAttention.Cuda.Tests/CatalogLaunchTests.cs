using System.Buffers.Binary;
using System.Text;
using NativeAttention.Bindings;
using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>What the catalogue tells of a kernel is enough to launch it by other means than ours.</summary>
public sealed unsafe class CatalogLaunchTests : DeviceFixture
{
    [TestCase("na_dense_tiled_f32_d32_sm80")]
    [TestCase("na_dense_reference_f32_d256_sm80")]
    public void A_kernel_runs_from_the_catalogue_alone(string name)
    {
        AttentionShape shape = new(1, 9, 21, 2, 1, 24);
        AttentionCase test = new(ElementType.Float32, shape, AttentionOptions.Causal, seed: 71);
        AttentionBuffers<float> x = test.Allocate<float>();
        using DeviceTensor<float> query = Device.Upload<float>(x.Query, [x.Query.Length], Stream);
        using DeviceTensor<float> key = Device.Upload<float>(x.Key, [x.Key.Length], Stream);
        using DeviceTensor<float> value = Device.Upload<float>(x.Value, [x.Value.Length], Stream);
        using DeviceTensor<float> output = Device.Upload<float>(x.Output, [x.Output.Length], Stream);
        KernelInfo kernel = KernelCatalog.Find(name);
        byte[] parameters = new byte[kernel.ParameterBytes];
        SetTensor(kernel, parameters, "Query", query, shape.QueryLength, shape.QueryHeads, shape.HeadDim);
        SetTensor(kernel, parameters, "Key", key, shape.KeyLength, shape.KeyValueHeads, shape.HeadDim);
        SetTensor(kernel, parameters, "Value", value, shape.KeyLength, shape.KeyValueHeads, shape.HeadDim);
        SetTensor(kernel, parameters, "Output", output, shape.QueryLength, shape.QueryHeads, shape.HeadDim);
        SetLengths(kernel, parameters, shape);
        Launch(kernel, parameters, shape);
        output.Download(x.Output, Stream);
        test.Check<float>(x.Output, default);
    }

    private static void SetTensor(KernelInfo kernel, byte[] parameters, string name,
        DeviceTensor<float> tensor,
        int length, int heads, int dim)
    {
        Set(kernel, parameters, name + ".Data", (long)tensor.AsView().Pointer);
        Set(kernel, parameters, name + ".BatchStride", (long)length * heads * dim);
        Set(kernel, parameters, name + ".SequenceStride", (long)heads * dim);
        Set(kernel, parameters, name + ".HeadStride", dim);
    }

    private static void SetLengths(KernelInfo kernel, byte[] parameters, AttentionShape shape)
    {
        Set(kernel, parameters, "Batch", shape.Batch);
        Set(kernel, parameters, "QueryLength", shape.QueryLength);
        Set(kernel, parameters, "KeyLength", shape.KeyLength);
        Set(kernel, parameters, "QueryHeads", shape.QueryHeads);
        Set(kernel, parameters, "KeyValueHeads", shape.KeyValueHeads);
        Set(kernel, parameters, "HeadDim", shape.HeadDim);
        Set(kernel, parameters, "ValueHeadDim", shape.ValueHeadDim);
        Set(kernel, parameters, "BandLeft", -(1 << 30));
        Set(kernel, parameters, "BandRight", shape.KeyLength - shape.QueryLength);
        Set(kernel, parameters, "Scale", BitConverter.SingleToInt32Bits(
            (float)(1 / Math.Sqrt(shape.HeadDim))));
    }

    private static void Set(KernelInfo kernel, byte[] parameters, string field, long value)
    {
        KernelParameterField at = kernel.Parameters.Single(each => each.Name == field);
        Span<byte> bytes = parameters.AsSpan(at.Offset, at.Bytes);
        if (at.Bytes == sizeof(long))
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)value);
        }
    }

    private void Launch(KernelInfo kernel, byte[] parameters, AttentionShape shape)
    {
        CudaDriver driver = TestDevice.Driver;
        nint module;
        nint function;
        fixed (byte* image = Encoding.UTF8.GetBytes(kernel.ReadPtx() + '\0'))
        fixed (byte* name = Encoding.UTF8.GetBytes(kernel.Name + '\0'))
        fixed (byte* block = parameters)
        {
            void* argument = block;
            driver.Check(driver.ModuleLoadDataEx(&module, image, 0, null, null), "cuModuleLoadDataEx");
            driver.Check(driver.ModuleGetFunction(&function, module, name), "cuModuleGetFunction");
            driver.Check(driver.LaunchKernel(function, (uint)kernel.GridSize(shape), 1, 1,
                (uint)kernel.Threads, 1,
                1, (uint)kernel.SharedBytes, Stream.Handle, &argument, null), "cuLaunchKernel");
            Stream.Synchronize();
            driver.Check(driver.ModuleUnload(module), "cuModuleUnload");
        }
    }
}
