using NativeAttention.Bindings;

namespace NativeAttention.Emulation.Tests;

/// <summary>The rules that cuTensorMapEncodeTiled documents, each kept and broken by one.</summary>
[NonParallelizable]
internal sealed unsafe class TensorMapTests
{
    private struct Call
    {
        public int Type = 9;
        public uint Rank = 2;
        public ulong Address = 1 << 20;
        public ulong[] Sizes = [100, 50];
        public ulong[] Strides = [208];
        public uint[] Box = [64, 8];
        public uint[] Steps = [1, 1];
        public int Interleave;
        public int Swizzle = 3;
        public int Promotion;
        public int Fill;
        public int Misalignment;

        public Call()
        {
        }
    }

    private static CudaResult Encode(Call c, byte[] image)
    {
        EmulatedDriver.Driver.Init(0);
        byte* room = stackalloc byte[TensorMap.ImageBytes + (2 * TensorMap.Alignment)];
        byte* map = (byte*)(((nint)room + TensorMap.Alignment - 1) & ~(TensorMap.Alignment - 1)) + c.Misalignment;
        fixed (ulong* sizes = c.Sizes, strides = c.Strides)
        {
            fixed (uint* box = c.Box, steps = c.Steps)
            {
                CudaResult result = EmulatedDriver.Driver.TensorMapEncodeTiled(
                    map, c.Type, c.Rank, (void*)c.Address, sizes, strides, box, steps, c.Interleave, c.Swizzle,
                    c.Promotion, c.Fill);
                new ReadOnlySpan<byte>(map, TensorMap.ImageBytes).CopyTo(image);
                return result;
            }
        }
    }

    [Test]
    public void A_map_says_what_was_asked_for()
    {
        byte[] image = new byte[TensorMap.ImageBytes];
        Assert.That(Encode(new Call { Fill = 1 }, image), Is.EqualTo(CudaResult.Success));
        TensorMap map = TensorMap.Read(image)!;
        Assert.That((map.Type, map.Rank, map.SwizzleSpan, map.FillsWithNaN, map.Address),
            Is.EqualTo((TensorType.BFloat16, 2, 128, true, 1ul << 20)));
        Assert.That((map.Sizes[0], map.Sizes[1], map.Sizes[2], map.Strides[1], map.Box[0], map.Box[1]),
            Is.EqualTo((100L, 50L, 1L, 208L, 64, 8)));
    }

    private static IEnumerable<TestCaseData> Wrong()
    {
        TestCaseData Case(string name, Call call) => new TestCaseData(call).SetArgDisplayNames(name);
        yield return Case("a misaligned map", new Call { Misalignment = 32 });
        yield return Case("rank 0", new Call { Rank = 0 });
        yield return Case("rank 6", new Call { Rank = 6 });
        yield return Case("a misaligned tensor", new Call { Address = (1 << 20) + 8 });
        yield return Case("a size of 0", new Call { Sizes = [100, 0] });
        yield return Case("a size above 2^32", new Call { Sizes = [100, (1ul << 32) + 1] });
        yield return Case("a stride that is no multiple of 16", new Call { Strides = [200] });
        yield return Case("a stride of 2^40", new Call { Strides = [1ul << 40] });
        yield return Case("a box of 0", new Call { Box = [64, 0] });
        yield return Case("a box of 257", new Call { Box = [64, 257] });
        yield return Case("a box wider than the swizzle", new Call { Box = [72, 8] });
        yield return Case("an inner box of no multiple of 16 bytes", new Call { Box = [60, 8] });
        yield return Case("a step of 9", new Call { Steps = [1, 9] });
        yield return Case("a step of 0", new Call { Steps = [1, 0] });
        yield return Case("integers filled with NaN", new Call { Type = 1, Fill = 1 });
        yield return Case("an unknown promotion", new Call { Promotion = 4 });
        yield return Case("an unknown fill", new Call { Fill = 2 });
    }

    [TestCaseSource(nameof(Wrong))]
    public void What_breaks_a_rule_is_refused(object call)
    {
        Assert.That(Encode((Call)call, new byte[TensorMap.ImageBytes]), Is.EqualTo(CudaResult.InvalidValue));
        Assert.That(EmulatedDriver.Driver.LastFinding!(-1), Is.Not.Null.And.Not.Empty);
    }

    private static IEnumerable<TestCaseData> Limits()
    {
        TestCaseData Case(string name, Call call) => new TestCaseData(call).SetArgDisplayNames(name);
        yield return Case("a size of 2^32", new Call { Sizes = [1ul << 32, 50] });
        yield return Case("a box of 256", new Call { Box = [64, 256] });
        yield return Case("the innermost step is ignored", new Call { Steps = [0, 8] });
        yield return Case("a wide box without swizzle", new Call { Box = [256, 8], Swizzle = 0 });
    }

    [TestCaseSource(nameof(Limits))]
    public void What_just_keeps_a_rule_passes(object call) =>
        Assert.That(Encode((Call)call, new byte[TensorMap.ImageBytes]), Is.EqualTo(CudaResult.Success));

    [Test]
    public void Interleaved_tensors_are_not_supported()
    {
        Call call = new() { Interleave = 1 };
        Assert.That(Encode(call, new byte[TensorMap.ImageBytes]), Is.EqualTo(CudaResult.NotSupported));
    }
}
