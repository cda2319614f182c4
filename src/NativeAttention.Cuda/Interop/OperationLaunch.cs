namespace NativeAttention.Cuda;

/// <summary>Launches the kernels of the families that need no plan: one for an element type, any
/// grid.</summary>
internal static unsafe class OperationLaunch
{
    /// <summary>
    /// Puts one launch into a stream. Allocates nothing, but for the module's first use; launches nothing
    /// when there is nothing to do.
    /// </summary>
    /// <param name="device">The device, which the caller holds open.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="threads">Threads that have something to do at once; more work makes them stride.</param>
    /// <param name="stream">The stream, which the caller holds open.</param>
    public static void Run<TParameters>(CudaDevice device, KernelEntry kernel, in TParameters parameters,
        long threads, CudaStream stream)
        where TParameters : unmanaged
    {
        if (threads == 0)
        {
            return;
        }

        uint grid = (uint)Math.Min((threads + kernel.Threads - 1) / kernel.Threads, int.MaxValue);
        nint function = device.Modules.Get(kernel);
        fixed (TParameters* p = &parameters)
        {
            device.Context.Launch(function, grid, (uint)kernel.Threads, (uint)kernel.SharedBytes,
                stream.Handle, p);
        }
    }
}
