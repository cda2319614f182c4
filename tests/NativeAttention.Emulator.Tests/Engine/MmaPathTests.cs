using System.Runtime.Intrinsics.X86;

namespace NativeAttention.Emulation.Tests;

/// <summary>The bodies of the matrix product for AVX-512, AVX2 and neither give the same bits, NaN, infinities and
/// subnormal numbers included.</summary>
internal sealed unsafe class MmaPathTests
{
    private const int Slots = 14;
    private const int SlotBytes = 128;

    [Test]
    public void All_bodies_agree_on_bfloat16([Values(1, 2)] int steps) =>
        Compare<MmaHandlers.BFloatElement>(steps);

    [Test]
    public void All_bodies_agree_on_float16([Values(1, 2)] int steps,
        [Values(0, MmaHandlers.HalfAccumulators)] int accumulators) =>
        Compare<MmaHandlers.HalfElement>(steps | accumulators);

    [Test]
    public void All_bodies_agree_on_tf32([Values(1, 2)] int steps) => Compare<MmaHandlers.Tf32Element>(steps);

    private static void Compare<TElement>(int aux)
        where TElement : struct, IMmaElement
    {
        if (!Avx512F.IsSupported || !Fma.IsSupported)
        {
            Assert.Ignore("The bodies can only be compared where all can run.");
        }
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int trial = 0; trial < 200; trial++)
        {
            byte[] registers = new byte[Slots * SlotBytes];
            random.NextBytes(registers);
            if ((trial & 1) == 0)
            {
                Tame<TElement>(registers);
            }
            byte[] plain = Run(registers, aux, &MmaHandlers.MultiplyPlain<TElement, TElement>);
            Assert.That(Run(registers, aux, &MmaHandlers.MultiplyAvx2<TElement>), Is.EqualTo(plain));
            Assert.That(Run(registers, aux, &MmaHandlers.MultiplyVector<TElement>), Is.EqualTo(plain));
        }
    }

    /// <summary>Clears the top exponent bits, without which most sums are infinite or not a number.</summary>
    private static void Tame<TElement>(byte[] registers)
        where TElement : struct, IMmaElement
    {
        for (int i = TElement.Parts == 2 ? 1 : 3; i < registers.Length; i += TElement.Parts == 2 ? 2 : 4)
        {
            registers[i] &= 0xBF;
        }
    }

    private static byte[] Run(byte[] registers, int aux, delegate*<Warp, Op*, void> body)
    {
        byte[] after = [.. registers];
        Cta cta = new(new Worker(LaunchState.Rent()));
        int* list = stackalloc int[Slots];
        for (int i = 0; i < Slots; i++)
        {
            list[i] = i * SlotBytes;
        }
        Op op = new() { Aux = aux, List = list };
        fixed (byte* start = after)
        {
            Warp w = new(cta, 0) { Active = uint.MaxValue, Live = uint.MaxValue, Regs = start };
            body(w, &op);
        }
        return after[..(4 * SlotBytes)];
    }
}
