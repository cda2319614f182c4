using System.Runtime.CompilerServices;

namespace NativeAttention.Cuda;

/// <summary>
/// Device memory for the optional operands that a problem announces, filled from host memory before each run.
/// </summary>
internal sealed class HostOperands<T> : IDisposable
    where T : unmanaged
{
    private readonly OwnedResources _owned = new();
    private readonly ElementType _biasType;
    private readonly DeviceTensor<byte>? _bias;
    private readonly DeviceTensor<bool>? _mask;
    private readonly DeviceTensor<float>? _slopes;
    private readonly DeviceTensor<float>? _sinks;
    private readonly DeviceTensor<float>? _temperature;
    private readonly DeviceTensor<float>? _weight;
    private readonly DeviceTensor<float>? _gate;
    private readonly DeviceTensor<int>? _keyLengths;
    private readonly DeviceTensor<int>? _queryStarts;
    private readonly DeviceTensor<int>? _keyStarts;

    /// <summary>Allocates what the operands need.</summary>
    /// <exception cref="NotSupportedException">One is larger than host memory can be.</exception>
    public HostOperands(CudaDevice device, OptionalOperands needs, CudaStream stream)
    {
        try
        {
            _biasType = needs.BiasType ?? ElementType.Float32;
            _bias = Allocate<byte>(needs.Bias * ElementTypes.SizeInBytes(_biasType), "Bias");
            _mask = Allocate<bool>(needs.Mask, "Mask");
            _slopes = Allocate<float>(needs.AlibiSlopes, "AlibiSlopes");
            _sinks = Allocate<float>(needs.Sinks, "Sinks");
            _temperature = Allocate<float>(needs.QueryTemperature, "QueryTemperature");
            _weight = Allocate<float>(needs.KeyLogWeight, "KeyLogWeight");
            _gate = Allocate<float>(needs.HeadGate, "HeadGate");
            _keyLengths = Allocate<int>(needs.KeyLengths, "KeyLengths");
            _queryStarts = Allocate<int>(needs.Starts, "CumulativeQueryLengths");
            _keyStarts = Allocate<int>(needs.Starts, "CumulativeKeyLengths");
        }
        catch
        {
            Dispose();
            throw;
        }

        DeviceTensor<TElement>? Allocate<TElement>(long count, string name)
            where TElement : unmanaged
        {
            if (count > int.MaxValue)
            {
                throw new NotSupportedException($"The {name} has {count} elements from first to last; host memory "
                    + $"is taken up to {int.MaxValue} bytes.");
            }

            DeviceTensor<TElement>? tensor = count < 0 ? null : device.Allocate<TElement>([(int)count], stream);
            if (tensor is not null)
            {
                _owned.Add(tensor);
                Bytes += tensor.Count * Unsafe.SizeOf<TElement>();
            }

            return tensor;
        }
    }

    /// <summary>Device memory held.</summary>
    public long Bytes { get; private set; }

    /// <summary>Puts the copies into a stream; the spans were checked and cut to what is needed.</summary>
    public void Upload(in AttentionInputs<T> inputs, CudaStream stream)
    {
        _bias?.Upload(inputs.Bias.Bytes, stream);
        _mask?.Upload(inputs.Mask, stream);
        _slopes?.Upload(inputs.AlibiSlopes, stream);
        _sinks?.Upload(inputs.Sinks, stream);
        _temperature?.Upload(inputs.QueryTemperature, stream);
        _weight?.Upload(inputs.KeyLogWeight, stream);
        _gate?.Upload(inputs.HeadGate, stream);
        _keyLengths?.Upload(inputs.KeyLengths, stream);
        _queryStarts?.Upload(inputs.CumulativeQueryLengths, stream);
        _keyStarts?.Upload(inputs.CumulativeKeyLengths, stream);
    }

    /// <summary>The operands beside query, key and value.</summary>
    /// <param name="query">Queries.</param>
    /// <param name="key">Keys.</param>
    /// <param name="value">Values; null where none are read.</param>
    public DeviceAttentionInputs<T> With(DeviceTensor<T> query, DeviceTensor<T> key, DeviceTensor<T>? value) =>
        new(query, key, value)
        {
            Bias = Elements(),
            Mask = _mask,
            AlibiSlopes = _slopes,
            Sinks = _sinks,
            QueryTemperature = _temperature,
            KeyLogWeight = _weight,
            HeadGate = _gate,
            KeyLengths = _keyLengths,
            CumulativeQueryLengths = _queryStarts,
            CumulativeKeyLengths = _keyStarts,
        };

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _owned.Dispose();

    // The bytes as elements of their type.
    private DeviceElements Elements()
    {
        if (_bias is null)
        {
            return default;
        }

        int size = ElementTypes.SizeInBytes(_biasType);
        OperandView bytes = OperandView.Of<byte>(_bias);
        return new DeviceElements(bytes with { Count = bytes.Count / size, ElementBytes = size }, _biasType);
    }
}
