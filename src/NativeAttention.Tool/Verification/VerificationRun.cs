using NativeAttention.Tool.App;
using NativeAttention.Tool.Devices;

namespace NativeAttention.Tool.Verification;

/// <summary>Checks every kernel of the chosen devices: what <c>verify</c> and <c>demo</c> have in common.</summary>
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
    /// <param name="repeats">Runs per problem, except on the emulator, whose time says nothing about a GPU.</param>
    public VerificationRun(ToolSession session, Func<KernelReport, DeviceName, IEnumerable<VerificationCase>> cases,
        int seed, int repeats)
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
            [.. chosen.SelectMany(d => _session.Devices.Catalog.Kernels(d)
                .SelectMany(k => _cases(k, d).Select(c => (d, k, c))))];
        List<VerificationResult> results = [];
        foreach (DeviceName device in chosen)
        {
            using AttentionBackend backend = _session.Devices.Open(device, _session.Loggers);
            KernelVerifier verifier = new(backend, _seed, device.Kind == DeviceKind.Emulator ? 1 : _repeats);
            foreach ((_, KernelReport kernel, VerificationCase problem) in work.Where(w => w.Device == device))
            {
                _session.Progress.Report(results.Count + 1, work.Count, $"{device} {kernel.Name}: {problem.Name}");
                results.Add(verifier.Verify(kernel, problem));
            }
        }

        // A check of nothing must not look like a success.
        return results.Count > 0
            ? results
            : throw ToolException.NotAvailable("there is no kernel to check on any device (nattn info lists them)");
    }
}
