using System.Numerics.Tensors;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Files;

/// <summary>Between the element type of the files and the one that is computed in.</summary>
/// <remarks>Widening is exact. Narrowing rounds to nearest, ties to even, and refuses to make an
/// infinity.</remarks>
internal static class ElementConversion
{
    /// <summary>float16 to float32.</summary>
    public static float[] Widen(ReadOnlySpan<Half> values)
    {
        float[] result = new float[values.Length];
        TensorPrimitives.ConvertToSingle(values, result);
        return result;
    }

    /// <summary>bfloat16 to float32.</summary>
    public static float[] Widen(ReadOnlySpan<BFloat16> values)
    {
        float[] result = new float[values.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (float)values[i];
        }

        return result;
    }

    /// <summary>
    /// float32 to float16, for results: they lie within the range of the float16 values they come from.
    /// </summary>
    public static Half[] Narrow(ReadOnlySpan<float> values)
    {
        Half[] result = new Half[values.Length];
        TensorPrimitives.ConvertToHalf(values, result);
        return result;
    }

    /// <summary>The elements of a float32 input as float16.</summary>
    /// <exception cref="ToolException">A finite element is beyond the range of float16.</exception>
    public static Half[] ToHalf(InputTensor tensor)
    {
        float[] values = tensor.Array.Values<float>();
        Half[] result = Narrow(values);
        for (int i = 0; i < result.Length; i++)
        {
            if (Half.IsInfinity(result[i]) && float.IsFinite(values[i]))
            {
                throw OutOfRange(tensor, i, "fp16", (float)Half.MaxValue);
            }
        }

        return result;
    }

    /// <summary>The elements of a float32 input as bfloat16.</summary>
    /// <exception cref="ToolException">A finite element is beyond the range of bfloat16.</exception>
    public static BFloat16[] ToBFloat16(InputTensor tensor)
    {
        float[] values = tensor.Array.Values<float>();
        BFloat16[] result = new BFloat16[values.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = (BFloat16)values[i];
            if (BFloat16.IsInfinity(result[i]) && float.IsFinite(values[i]))
            {
                throw OutOfRange(tensor, i, "bf16", (float)BFloat16.MaxValue);
            }
        }

        return result;
    }

    private static ToolException OutOfRange(InputTensor tensor, int index, string type, float largest) =>
        ToolException.BadInput($"{tensor.Label}: element {index} of {NpyShape.Format(tensor.Array.Shape)} is "
            + $"{tensor.Array.Values<float>()[index]:R}; "
            + $"--compute {type} allows magnitudes up to {largest:R}");
}
