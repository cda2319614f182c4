using NativeAttention.Bindings;

namespace NativeAttention.Cuda;

/// <summary>The parameter structs as lists of fields, measured on the structs themselves.</summary>
internal static unsafe class ParameterLayout
{
    /// <summary>Size and fields of a struct.</summary>
    /// <param name="name">Its name in the manifest.</param>
    public static (int Bytes, KernelParameterField[] Fields) Of(string name) =>
        name == nameof(DenseForwardParams)
        ? (sizeof(DenseForwardParams), DenseForward())
        : throw new InvalidOperationException(
            $"The manifest names a parameter struct '{name}' that has no twin here.");

    private static KernelParameterField[] DenseForward()
    {
        DenseForwardParams p;
        byte* start = (byte*)&p;
        return
        [
            .. Tensor("Query", &p.Query.Data, &p.Query.BatchStride, &p.Query.SequenceStride,
                &p.Query.HeadStride),
            .. Tensor("Key", &p.Key.Data, &p.Key.BatchStride, &p.Key.SequenceStride, &p.Key.HeadStride),
            .. Tensor("Value", &p.Value.Data, &p.Value.BatchStride, &p.Value.SequenceStride,
                &p.Value.HeadStride),
            .. Tensor("Output", &p.Output.Data, &p.Output.BatchStride, &p.Output.SequenceStride,
                &p.Output.HeadStride),
            Field("Lse", &p.Lse, sizeof(ulong)),
            Field("Batch", &p.Batch, sizeof(int)),
            Field("QueryLength", &p.QueryLength, sizeof(int)),
            Field("KeyLength", &p.KeyLength, sizeof(int)),
            Field("QueryHeads", &p.QueryHeads, sizeof(int)),
            Field("KeyValueHeads", &p.KeyValueHeads, sizeof(int)),
            Field("HeadDim", &p.HeadDim, sizeof(int)),
            Field("ValueHeadDim", &p.ValueHeadDim, sizeof(int)),
            Field("BandLeft", &p.BandLeft, sizeof(int)),
            Field("BandRight", &p.BandRight, sizeof(int)),
            Field("Scale", &p.Scale, sizeof(float)),
            Field("Flags", &p.Flags, sizeof(uint)),
            Field("Reserved", &p.Reserved, sizeof(uint)),
        ];

        KernelParameterField Field(string name, void* address, int bytes) =>
            new(name, (int)((byte*)address - start), bytes);

        KernelParameterField[] Tensor(string name, void* data, void* batch, void* sequence, void* head) =>
        [
            Field(name + ".Data", data, sizeof(ulong)),
            Field(name + ".BatchStride", batch, sizeof(long)),
            Field(name + ".SequenceStride", sequence, sizeof(long)),
            Field(name + ".HeadStride", head, sizeof(long)),
        ];
    }
}
