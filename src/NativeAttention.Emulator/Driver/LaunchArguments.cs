using System.Diagnostics.CodeAnalysis;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

/// <summary>Checks launches and packs their parameters, as <c>cuLaunchKernel</c> documents it.</summary>
internal static unsafe class LaunchArguments
{
    internal static void Check(EmulatedFunction function, in LaunchShape shape, uint sharedBytes)
    {
        CheckGrid(shape.Grid);
        CheckBlock(function, shape.Block);
        DriverFailure.Require(
            sharedBytes <= (uint)function.MaxDynamicShared,
            $"'{function.Kernel.Name}' is launched with {sharedBytes:N0} bytes of dynamic shared memory; "
            + $"{function.MaxDynamicShared:N0} are allowed (cuFuncSetAttribute raises that)");
    }

    /// <summary>Fills the parameter block from one of the two forms.</summary>
    internal static void Pack(EmulatedFunction function, void** parameters, void** extra, Span<byte> block)
    {
        DriverFailure.Require(
            parameters == null || extra == null, "parameters are given as pointers and as a block, too");
        if (extra != null)
        {
            PackBlock(function, extra, block);
        }
        else
        {
            PackPointers(function, parameters, block);
        }
    }

    private static void CheckGrid((uint X, uint Y, uint Z) grid)
    {
        bool allowed = grid.X is > 0 and <= DeviceProperties.MaxGridX
            && grid.Y is > 0 and <= DeviceProperties.MaxGridYZ
            && grid.Z is > 0 and <= DeviceProperties.MaxGridYZ;
        if (!allowed)
        {
            ThrowShape($"grid {grid} is outside of (1, 1, 1) to (2147483647, 65535, 65535)");
        }
    }

    private static void CheckBlock(EmulatedFunction function, (uint X, uint Y, uint Z) block)
    {
        const uint Limit = DeviceProperties.MaxThreadsPerBlock;
        bool allowed = block.X is > 0 and <= Limit
            && block.Y is > 0 and <= Limit
            && block.Z is > 0 and <= DeviceProperties.MaxBlockZ
            && (ulong)block.X * block.Y * block.Z <= Limit;
        if (!allowed)
        {
            ThrowShape($"block {block} is outside of (1, 1, 1) to (1024, 1024, 64), or over 1024 threads");
        }

        if (block.X * block.Y * block.Z > (uint)function.MaxThreads)
        {
            string name = function.Kernel.Name;
            ThrowShape($"block {block} has more threads than the {function.MaxThreads} of '{name}'");
        }
    }

    private static void PackPointers(EmulatedFunction function, void** parameters, Span<byte> block)
    {
        ReadOnlySpan<(int Offset, int Size)> layout = function.Parameters;
        DriverFailure.Require(
            layout.Length == 0 || parameters != null, "the kernel has parameters and none are given");
        for (int i = 0; i < layout.Length; i++)
        {
            (int offset, int size) = layout[i];
            if (parameters[i] == null)
            {
                ThrowShape($"the pointer to parameter {i} of '{function.Kernel.Name}' is null");
            }

            new ReadOnlySpan<byte>(parameters[i], size).CopyTo(block[offset..]);
        }
    }

    private static void PackBlock(EmulatedFunction function, void** extra, Span<byte> block)
    {
        void* source = null;
        nuint size = 0;
        for (int i = 0; (nint)extra[i] != LaunchParameter.End; i += 2)
        {
            switch ((nint)extra[i])
            {
                case LaunchParameter.BufferPointer:
                    source = extra[i + 1];
                    break;
                case LaunchParameter.BufferSize:
                    size = *(nuint*)extra[i + 1];
                    break;
                default:
                    ThrowShape($"mark {(nint)extra[i]} in the list of extra arguments is none of 0, 1, 2");
                    break;
            }
        }

        CheckBlockSize(function, source, size);
        new ReadOnlySpan<byte>(source, block.Length).CopyTo(block);
    }

    /// <summary>A packed block may end with the padding of a C struct, and has no other size.</summary>
    private static void CheckBlockSize(EmulatedFunction function, void* source, nuint size)
    {
        const nuint Padding = 16;
        nuint needed = (nuint)function.Kernel.ParameterBytes;
        nuint padded = (needed + Padding - 1) / Padding * Padding;
        DriverFailure.Require(source != null || needed == 0, "the list of extra arguments names no block");
        if (size < needed || size > padded)
        {
            ThrowShape($"'{function.Kernel.Name}' has {needed} bytes of parameters, the block has {size}");
        }
    }

    [DoesNotReturn]
    private static void ThrowShape(FormattableString finding)
    {
        throw new DriverFailure(CudaResult.InvalidValue, FormattableString.Invariant(finding));
    }
}
