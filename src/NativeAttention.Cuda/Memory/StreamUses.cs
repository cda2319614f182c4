namespace NativeAttention.Cuda;

/// <summary>
/// The streams in which some memory was used, so that it is freed after all of them. Asking again for the
/// stream of the last call costs one comparison.
/// </summary>
internal sealed class StreamUses
{
    private readonly Lock _lock = new();
    private readonly List<CudaStream> _streams = new(1);
    private CudaStream? _last;

    /// <summary>Notes a use in a stream that the caller holds open.</summary>
    public void Add(CudaStream stream)
    {
        if (ReferenceEquals(Volatile.Read(ref _last), stream))
        {
            return;
        }

        lock (_lock)
        {
            _streams.RemoveAll(static used => used.IsDrained);
            if (!_streams.Contains(stream))
            {
                _streams.Add(stream);
            }

            Volatile.Write(ref _last, stream);
        }
    }

    /// <summary>Waits until the uses are done.</summary>
    public void Wait(DeviceContext context)
    {
        foreach (CudaStream stream in Pending())
        {
            if (stream.Resource.TryEnter())
            {
                context.SynchronizeStream(stream.Handle);
                stream.Resource.Exit();
            }
            else
            {
                // Another thread is disposing it: its handle may go any moment.
                context.Synchronize();
            }
        }
    }

    /// <summary>
    /// Runs an action with a stream in which everything put from now on comes after all uses.
    /// </summary>
    /// <param name="device">The device, held open by the caller.</param>
    /// <param name="action">Gets the stream's handle.</param>
    public void Follow(CudaDevice device, Action<nint> action)
    {
        CudaStream? joined = null;
        try
        {
            foreach (CudaStream stream in Pending())
            {
                if (!stream.Resource.TryEnter())
                {
                    device.Context.Synchronize();
                }
                else if (joined is null)
                {
                    joined = stream;
                }
                else
                {
                    Join(device.Context, joined, stream);
                }
            }

            action(joined?.Handle ?? device.HouseStream);
        }
        finally
        {
            joined?.Resource.Exit();
        }
    }

    private static void Join(DeviceContext context, CudaStream later, CudaStream earlier)
    {
        try
        {
            nint mark = context.CreateEvent(timing: false);
            context.RecordEvent(mark, earlier.Handle);
            context.WaitForEvent(later.Handle, mark);
            context.DestroyEvent(mark);
        }
        finally
        {
            earlier.Resource.Exit();
        }
    }

    private CudaStream[] Pending()
    {
        lock (_lock)
        {
            return [.. _streams.Where(static stream => !stream.IsDrained)];
        }
    }
}
