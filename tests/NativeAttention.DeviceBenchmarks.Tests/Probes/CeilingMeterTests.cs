using NativeAttention.Cuda;
using NativeAttention.DeviceBenchmarks.Devices;
using NativeAttention.DeviceBenchmarks.Families;
using NativeAttention.DeviceBenchmarks.Measuring;
using NativeAttention.DeviceBenchmarks.Probes;
using NativeAttention.DeviceBenchmarks.Tests.Support;

namespace NativeAttention.DeviceBenchmarks.Tests.Probes;

public sealed class CeilingMeterTests
{
    [TestCase("sm_80", false)]
    [TestCase("sm_90a", true)]
    public void Products_of_warpgroups_count_where_they_exist(string target, bool hopper)
    {
        using CudaDevice device = TestDevices.Open(target);
        if (!device.IsEmulated)
        {
            Assert.Ignore("Only an emulated device can be of either architecture.");
        }

        DeviceFacts facts = DeviceFacts.Of(device);
        using BenchmarkBench bench = new(device, facts.L2Bytes);
        using LaunchTimer timer = new(bench.Stream, TimingPlan.Emulated);
        Dictionary<string, Ceiling> ceilings =
            new CeilingMeter(bench, facts, timer).Measure().ToDictionary(c => c.Name);
        Assert.Multiple(() =>
        {
            foreach (string type in (string[])["bf16", "f16"])
            {
                Ceiling mma = ceilings[$"mma-{type}"], wgmma = ceilings[$"wgmma-{type}"];
                Assert.That(mma.Reason, Is.Null);
                Assert.That(wgmma.Reason, hopper ? Is.Null : Does.Contain("no wgmma"));
                Assert.That(ceilings[$"matmul-{type}"].PerSecond,
                    Is.EqualTo(Math.Max(mma.PerSecond, wgmma.PerSecond)));
            }
        });
    }
}
