namespace NativeAttention.Cuda;

/// <summary>
/// Where a pass over the scores writes on a device: dense tensors of the dims that <see cref="ScoreRequest"/> names.
/// What was not asked for must be left out. The device's form of <see cref="ScoreResults{T}"/>.
/// </summary>
/// <typeparam name="T"><see cref="float"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
public readonly ref struct DeviceScoreResults<T>
    where T : unmanaged
{
    /// <summary>Receives <see cref="ScoreRequest.Scores"/>.</summary>
    public DeviceView<T> Scores { get; init; }

    /// <summary>Receives <see cref="ScoreRequest.ColumnSums"/>.</summary>
    public DeviceView<float> ColumnSums { get; init; }

    /// <summary>Receives <see cref="ScoreRequest.RowEntropy"/>.</summary>
    public DeviceView<float> RowEntropy { get; init; }

    /// <summary>Receives <see cref="ScoreRequest.BlockMaxima"/>.</summary>
    public DeviceView<float> BlockMaxima { get; init; }
}
