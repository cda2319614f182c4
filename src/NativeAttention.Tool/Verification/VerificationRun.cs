using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Verification;

/// <summary>
/// Checks every kernel of the chosen devices: what <c>verify</c> and <c>demo</c> have in common.
/// </summary>
internal sealed class VerificationRun
{
    private readonly ToolSession _session;
    private readonly Func<KernelReport, DeviceName, IEnumerable<VerificationCase>> _cases;
    private readonly int _seed;
    private readonly int _repeats;

    /// <summary>Makes a run.</summary>
    /// <param name="session">Devices, loggers and progress.</param>
    /// <param name="cases">The problems for a kernel of a device.</param>
    /// <param name="seed">Seed of the random inputs.</param>
    /// <param name="repeats">Runs per problem, except on the emulator, whose time says nothing about a
    /// GPU.</param>
    public VerificationRun(ToolSession session,
        Func<KernelReport, DeviceName, IEnumerable<VerificationCase>> cases, int seed, int repeats)
    {
        _session = session;
        _cases = cases;
        _seed = seed;
        _repeats = repeats;
    }

    /// <summary>Checks one device, or every available one.</summary>
    /// <param name="option">Value of <c>--device</c>; null for the environment's, or all.</param>
    /// <param name="devices">Every device there could be.</param>
    /// <exception cref="ToolException">The device is not available, or there is nothing to check.</exception>
    public IReadOnlyList<VerificationResult> Run(string? option, IReadOnlyList<DeviceReport> devices)
    {
        DeviceName[] chosen = _session.Devices.Requested(option) is { } one
            ? [one]
            : [.. devices.Where(d => d.Available).Select(d => d.Name)];
        List<(DeviceName Device, KernelReport Kernel, VerificationCase Case)> work =
            [.. chosen.SelectMany(d => _session.Devices.Catalog.Kernels(d).Where(k => k.IsPlanned)
                .SelectMany(k => _cases(k, d).Select(c => (d, k, c))))];
        List<VerificationResult> results = [];
        foreach (DeviceName device in chosen)
        {
            using DeviceUnderTest tested = new(_session, device, _seed, _repeats);
            foreach ((_, KernelReport kernel, VerificationCase problem) in
                work.Where(w => w.Device == device))
            {
                _session.Progress.Report(results.Count + 1, work.Count,
                    $"{device} {kernel.Name}: {problem.Name}");
                results.Add(tested.Verify(kernel, problem));
            }
        }

        // A check of nothing must not look like a success.
        return results.Count > 0
            ? results
            : throw ToolException.NotAvailable(
                "there is no kernel to check on any device (nattn info lists them)");
    }

    /// <summary>A device that is opened again after a fault took its context.</summary>
    private sealed class DeviceUnderTest : IDisposable
    {
        private readonly ToolSession _session;
        private readonly DeviceName _device;
        private readonly int _seed;
        private readonly int _repeats;
        private AttentionBackend _backend;

        public DeviceUnderTest(ToolSession session, DeviceName device, int seed, int repeats)
        {
            _session = session;
            _device = device;
            _seed = seed;
            _repeats = device.Kind == DeviceKind.Emulator ? 1 : repeats;
            _backend = session.Devices.Open(device, session.Loggers);
        }

        public VerificationResult Verify(KernelReport kernel, VerificationCase problem)
        {
            VerificationResult result = new KernelVerifier(_backend, _seed, _repeats).Verify(kernel, problem);
            if (result.LostDevice)
            {
                _backend.Dispose();
                _backend = _session.Devices.Open(_device, _session.Loggers);
            }

            return result;
        }

        public void Dispose() => _backend.Dispose();
    }
}
