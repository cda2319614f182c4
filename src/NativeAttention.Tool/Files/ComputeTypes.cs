using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>The type of the files and the one that is computed in.</summary>
internal static class ComputeTypes
{
    /// <summary>The type to compute in, for files of a type and a wish.</summary>
    /// <exception cref="ToolException">The result could not be returned in the type of the files.</exception>
    public static ElementType Of(NpyElementType file, ElementType? requested)
    {
        ElementType own = file == NpyElementType.Float16 ? ElementType.Float16 : ElementType.Float32;
        if (own == ElementType.Float16 && requested == ElementType.BFloat16)
        {
            throw ToolException.BadInput(
                "--compute is 'bf16' and the files are float16: bfloat16 has fewer digits and "
                + "the result could not be returned exactly; allowed for float16 files are fp16 and fp32");
        }

        return requested ?? own;
    }

    /// <summary>Computes in a type on files of another.</summary>
    public static TResult Run<TResult>(NpyElementType file, ElementType compute,
        ITypedComputation<TResult> computation) => (file, compute) switch
        {
            (NpyElementType.Float32, ElementType.Float32) =>
                computation.Compute(t => t.Array.Values<float>(), o => o),
            (NpyElementType.Float32, ElementType.Float16) =>
                computation.Compute(ElementConversion.ToHalf, o => ElementConversion.Widen(o)),
            (NpyElementType.Float32, _) =>
                computation.Compute(ElementConversion.ToBFloat16, o => ElementConversion.Widen(o)),
            (_, ElementType.Float32) => computation.Compute(
                t => ElementConversion.Widen(t.Array.Values<Half>()), o => ElementConversion.Narrow(o)),
            _ => computation.Compute(t => t.Array.Values<Half>(), o => o),
        };
}
