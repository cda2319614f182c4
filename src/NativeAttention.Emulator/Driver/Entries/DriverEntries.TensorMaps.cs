using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Tensor maps. They are encoded without a context and without a look at the memory they describe.
internal static unsafe partial class DriverEntries
{
    [UnmanagedCallersOnly]
    private static CudaResult TensorMapEncodeTiled(
        void* map, int type, uint rank, void* address, ulong* sizes, ulong* strides, uint* box,
        uint* elementStrides, int interleave, int swizzle, int promotion, int fill)
    {
        try
        {
            Begin();
            RequireInitialised();
            RequireTarget(map, "tensor map");
            DriverFailure.Require(
                (nuint)map % TensorMap.Alignment == 0,
                $"the tensor map at 0x{(nuint)map:x} is not aligned to {TensorMap.Alignment} bytes");
            CheckCodes(type, rank, interleave, swizzle, promotion, fill);
            DriverFailure.Require(
                sizes != null && box != null && elementStrides != null && (strides != null || rank == 1),
                "an array of sizes, strides, box sizes or element strides is null");
            TensorMapRequest request = new()
            {
                Type = (TensorType)type,
                Rank = (int)rank,
                Address = (ulong)address,
                Sizes = new ReadOnlySpan<ulong>(sizes, (int)rank),
                Strides = new ReadOnlySpan<ulong>(strides, (int)rank - 1),
                Box = new ReadOnlySpan<uint>(box, (int)rank),
                Steps = new ReadOnlySpan<uint>(elementStrides, (int)rank),
                Swizzle = swizzle,
                FillsWithNaN = fill != 0,
            };
            string? problem = request.Problem();
            DriverFailure.Require(problem is null, problem ?? "");
            TensorMap.Write(request, new Span<byte>(map, TensorMap.ImageBytes));
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failed(e);
        }
    }

    private static void CheckCodes(int type, uint rank, int interleave, int swizzle, int promotion, int fill)
    {
        DriverFailure.Require(
            rank is >= 1 and <= TensorMap.MaximumRank, $"a tensor of rank {rank}; 1 to 5 are allowed");
        DriverFailure.Require(
            interleave is >= 0 and <= 2 && promotion is >= 0 and <= 3 && fill is 0 or 1 && type >= 0
                && swizzle >= 0,
            "a type, interleave, swizzle, promotion or fill that does not exist");
        bool isSupported = interleave == 0 && type <= (int)TensorType.TFloat32Flush && swizzle <= 3;
        if (!isSupported)
        {
            throw new DriverFailure(CudaResult.NotSupported,
                "the emulator has no interleaved tensors, no 4-bit and 6-bit types and no swizzles but of 32, 64 and 128 bytes");
        }
    }
}
