namespace NativeAttention.Cuda;

/// <summary>What a plan over host memory made and disposes, the last first.</summary>
internal sealed class OwnedResources : IDisposable
{
    private readonly Stack<IDisposable> _owned = new();

    /// <summary>Takes a resource over.</summary>
    public TOwned Add<TOwned>(TOwned owned)
        where TOwned : IDisposable
    {
        _owned.Push(owned);
        return owned;
    }

    /// <summary>Device memory for a tensor as it lies in host memory, gaps included.</summary>
    /// <exception cref="NotSupportedException">It is larger than host memory can be.</exception>
    public DeviceTensor<T> AddStorage<T>(CudaDevice device, in TensorAxes axes, string name, CudaStream stream)
        where T : unmanaged => Add(axes.Extent <= int.MaxValue
            ? device.Allocate<T>([(int)axes.Extent], stream)
            : throw new NotSupportedException(
                $"The {name} has {axes.Extent} elements from first to last; host memory is taken up to "
                + $"{int.MaxValue}."));

    /// <summary>Disposes them; a second call does nothing.</summary>
    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? last))
        {
            last.Dispose();
        }
    }
}
