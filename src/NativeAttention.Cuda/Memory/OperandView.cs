using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>What an optional operand needs to know of a view: not its axes, since the operand has its own.</summary>
/// <param name="Device">The device; null when nothing was given.</param>
/// <param name="Memory">The allocation; null for memory of somebody else.</param>
/// <param name="Pointer">Address of the first element.</param>
/// <param name="Count">Elements.</param>
/// <param name="ElementBytes">Size of one.</param>
/// <param name="IsDense">Whether they lie one behind the other.</param>
internal readonly record struct OperandView(
    CudaDevice? Device, DeviceMemory? Memory, ulong Pointer, long Count, int ElementBytes, bool IsDense)
{
    /// <summary>Of a view.</summary>
    public static OperandView Of<T>(in DeviceView<T> view)
        where T : unmanaged =>
        new(view.Device, view.Memory, view.Pointer, view.Count, Unsafe.SizeOf<T>(), view.IsDense);
}
