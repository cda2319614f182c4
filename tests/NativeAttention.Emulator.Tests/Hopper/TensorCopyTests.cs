namespace NativeAttention.Emulation.Tests;

/// <summary>Tensor copies against a plain loop over the elements of the box.</summary>
internal sealed class TensorCopyTests
{
    private const int SharedBytes = 96 << 10;
    private const int First = 1024;

    /// <summary>A tensor, the box that is copied, and where it begins.</summary>
    internal sealed class Shape
    {
        public required TensorType Type { get; init; }

        public required int[] Sizes { get; init; }

        public required int[] Box { get; init; }

        public required int[] Steps { get; init; }

        public required int[] At { get; init; }

        public int Swizzle { get; init; }

        public bool FillsWithNaN { get; init; }

        public int Rank => Sizes.Length;

        public int[] Counts => [.. Box.Select((b, d) => d == 0 ? b : (b + Steps[d] - 1) / Steps[d])];

        public int Bytes => Counts.Aggregate(Type.Bytes(), (product, n) => product * n);

        /// <summary>Bytes between neighbours along each dimension, with some room between rows.</summary>
        public long[] Strides
        {
            get
            {
                long[] strides = new long[Rank];
                strides[0] = Type.Bytes();
                for (int d = 1; d < Rank; d++)
                {
                    strides[d] = ((strides[d - 1] * Sizes[d - 1]) + 31) / 16 * 16;
                }
                return strides;
            }
        }

        public long TensorBytes => (Strides[^1] * Sizes[^1]) + 16;

        public byte[] Map(ulong address)
        {
            TensorMapRequest request = new()
            {
                Type = Type,
                Rank = Rank,
                Address = address,
                Sizes = Sizes.Select(s => (ulong)s).ToArray(),
                Strides = Strides.Skip(1).Select(s => (ulong)s).ToArray(),
                Box = Box.Select(b => (uint)b).ToArray(),
                Steps = Steps.Select(s => (uint)s).ToArray(),
                Swizzle = Swizzle,
                FillsWithNaN = FillsWithNaN,
            };
            Assert.That(request.Problem(), Is.Null);
            byte[] image = new byte[TensorMap.ImageBytes];
            TensorMap.Write(request, image);
            return image;
        }

        /// <summary>Offset in the box and, when it lies in the tensor, in the tensor, for every
        /// element.</summary>
        public IEnumerable<(int InBox, long? InTensor)> Elements()
        {
            int count = Bytes / Type.Bytes();
            for (int i = 0; i < count; i++)
            {
                long offset = 0;
                bool isInside = true;
                int rest = i;
                for (int d = 0; d < Rank; d++)
                {
                    int x = At[d] + (rest % Counts[d] * (d == 0 ? 1 : Steps[d]));
                    rest /= Counts[d];
                    isInside &= x >= 0 && x < Sizes[d];
                    offset += x * Strides[d];
                }
                yield return (Swizzled(i * Type.Bytes()), isInside ? offset : null);
            }
        }

        /// <summary>The documented patterns: the 16-byte units of 8, 4 or 2 rows of 128 bytes change
        /// places.</summary>
        private int Swizzled(int offset)
        {
            int mask = Swizzle switch { 1 => 1, 2 => 3, 3 => 7, _ => 0 };
            return offset ^ (((offset >> 7) & mask) << 4);
        }

        public override string ToString() =>
            $"{Type} [{string.Join(" ", Sizes)}] box {string.Join("x", Box)} steps {string.Join("x", Steps)} at {string.Join(",", At)} swizzle {Swizzle}";
    }

    private static IEnumerable<Shape> Fixed()
    {
        foreach (int x in new[] { -64, -63, -1, 0, 1, 37, 99, 100 })
        {
            foreach (int y in new[] { -8, -3, 0, 43, 50 })
            {
                yield return new Shape
                {
                    Type = TensorType.BFloat16,
                    Sizes = [100, 50],
                    Box = [64, 8],
                    Steps = [1, 1],
                    At = [x, y],
                    Swizzle = 3
                };
            }
        }
        yield return new Shape { Type = TensorType.Float32, Sizes = [300], Box = [256], Steps = [1], At = [100] };
        yield return new Shape
        {
            Type = TensorType.Float16,
            Sizes = [70, 5],
            Box = [64, 8],
            Steps = [1, 1],
            At = [20, -1],
            FillsWithNaN = true
        };
    }

    private static IEnumerable<Shape> Random(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 60; i++)
        {
            TensorType type = (TensorType)random.Next(13);
            int swizzle = random.Next(4);
            int rank = random.Next(1, 6);
            int inner = swizzle == 0 ? 16 * random.Next(1, 9) : 16 << swizzle;
            inner = Math.Min(inner, 256 * type.Bytes());
            int[] box = [inner / type.Bytes(), .. Enumerable.Range(1, rank - 1).Select(_ => random.Next(1, 9))];
            if (swizzle != 0 && inner != 16 << swizzle)
            {
                continue;
            }
            int[] sizes = [.. Enumerable.Range(0, rank).Select(d => random.Next(1, d == 0 ? 200 : 12))];
            yield return new Shape
            {
                Type = type,
                Sizes = sizes,
                Box = box,
                Steps = [.. Enumerable.Range(0, rank).Select(_ => random.Next(3) == 0 ? random.Next(1, 9) : 1)],
                At = [.. sizes.Select((s, d) => random.Next(-box[d] - 1, s + 2))],
                Swizzle = swizzle,
                FillsWithNaN = type.IsFloat() && random.Next(3) == 0,
            };
        }
    }

    private static IEnumerable<Shape> Shapes() =>
        [.. Fixed(), .. Random(TestContext.CurrentContext.Random.Next(1 << 30)), .. Random(7)];

    private static string Coordinates(Shape shape) => string.Join(", ", shape.At);

    private static string Kernel(string body, Shape shape)
    {
        return HopperKernel.Wrap("cvta.param.u64 %rd2, m; cvt.u64.u32 %rd3, %r0;\n"
            + body.Replace("RANK", $"{shape.Rank}d", StringComparison.Ordinal)
                .Replace("COORDINATES", Coordinates(shape), StringComparison.Ordinal)
                .Replace("BYTES", $"{shape.Bytes}", StringComparison.Ordinal),
            ".param .u64 p, .param .u64 q, .param .align 64 .b8 m[128]")
            .Replace("cvta.param.u64 %rd2, m;", "mov.b64 %rd2, m; cvta.param.u64 %rd2, %rd2;", StringComparison.Ordinal);
    }

    private const string LoadBody = """
        @%p0 mbarrier.init.shared::cta.b64 [%r1], 1; @%p0 fence.proxy.async.shared::cta; bar.sync 0;
        @%p0 prefetch.tensormap [%rd2];
        @%p0 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], BYTES;
        @%p0 cp.async.bulk.tensor.RANK.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r1+1024], [%rd2, {COORDINATES}], [%r1];
        W: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r1], 0; @!%p1 bra W;
        mov.u32 %r4, %r0;
        COPY: setp.ge.u32 %p2, %r4, BYTES; @%p2 bra END; add.u32 %r5, %r1, %r4; ld.shared.u8 %rs0, [%r5+1024];
        cvt.u64.u32 %rd4, %r4; add.u64 %rd4, %rd4, %rd0; st.global.u8 [%rd4], %rs0; add.u32 %r4, %r4, 64; bra COPY;
        END:
        """;

    [Test]
    public void Loads_bring_the_box_with_zeros_or_nan_around()
    {
        foreach (Shape shape in Shapes().Where(s => s.Bytes <= SharedBytes - First))
        {
            byte[] tensor = new byte[shape.TensorBytes];
            new Random(5).NextBytes(tensor);
            byte[] expected = new byte[shape.Bytes];
            int bytes = shape.Type.Bytes();
            foreach ((int inBox, long? inTensor) in shape.Elements())
            {
                for (int i = 0; i < bytes; i++)
                {
                    expected[inBox + i] = inTensor is long at ? tensor[at + i]
                        : !shape.FillsWithNaN ? (byte)0 : i == bytes - 1 ? (byte)0x7F : (byte)0xFF;
                }
            }
            foreach (AsyncCopyMode mode in new[] { AsyncCopyMode.Early, AsyncCopyMode.Late })
            {
                using PtxMachine machine =
                    new(Kernel(LoadBody, shape), HopperKernel.Options with { AsyncCopies = mode });
                ulong p = machine.Allocate(shape.Bytes);
                EmulatorFault? fault =
                    machine.Launch(1, 64, SharedBytes, p, p, shape.Map(machine.Upload<byte>(tensor)));
                Assert.That(fault, Is.Null, $"{shape}: {fault}");
                Assert.That(machine.Download<byte>(p, shape.Bytes).AsSpan().SequenceEqual(expected), Is.True,
                    $"{shape} {mode}");
            }
        }
    }

    [Test]
    public void Stores_write_the_part_of_the_box_inside_the_tensor()
    {
        const string StoreBody = """
            mov.u32 %r4, %r0;
            COPY: setp.ge.u32 %p2, %r4, BYTES; @%p2 bra DONE; add.u32 %r5, %r1, %r4;
            cvt.u64.u32 %rd4, %r4; add.u64 %rd4, %rd4, %rd0; ld.global.u8 %rs0, [%rd4]; st.shared.u8 [%r5+1024], %rs0; add.u32 %r4, %r4, 64; bra COPY;
            DONE: fence.proxy.async.shared::cta; bar.sync 0; @!%p0 bra END;
            cp.async.bulk.tensor.RANK.global.shared::cta.tile.bulk_group [%rd2, {COORDINATES}], [%r1+1024];
            cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;
            END:
            """;
        foreach (Shape shape in Shapes().Where(s => s.Bytes <= SharedBytes - First))
        {
            byte[] box = new byte[shape.Bytes];
            new Random(6).NextBytes(box);
            byte[] tensor = new byte[shape.TensorBytes];
            new Random(5).NextBytes(tensor);
            byte[] expected = [.. tensor];
            foreach ((int inBox, long? inTensor) in shape.Elements())
            {
                for (int i = 0; inTensor is not null && i < shape.Type.Bytes(); i++)
                {
                    expected[inTensor.Value + i] = box[inBox + i];
                }
            }
            foreach (AsyncCopyMode mode in new[] { AsyncCopyMode.Early, AsyncCopyMode.Late })
            {
                using PtxMachine machine =
                    new(Kernel(StoreBody, shape), HopperKernel.Options with { AsyncCopies = mode });
                ulong target = machine.Upload<byte>(tensor);
                ulong p = machine.Upload<byte>(box);
                EmulatorFault? fault = machine.Launch(1, 64, SharedBytes, p, p, shape.Map(target));
                Assert.That(fault, Is.Null, $"{shape}: {fault}");
                Assert.That(machine.Download<byte>(target, tensor.Length).AsSpan().SequenceEqual(expected),
                    Is.True, $"{shape} {mode}");
            }
        }
    }

    [Test]
    public void Reductions_add_the_box_to_the_tensor()
    {
        Shape shape = new() { Type = TensorType.Float32, Sizes = [20, 7], Box = [16, 4], Steps = [1, 1], At = [9, -1] };
        float[] tensor = [.. Enumerable.Range(0, (int)shape.TensorBytes / 4).Select(i => i * 0.25f)];
        float[] expected = [.. tensor];
        foreach ((int inBox, long? inTensor) in shape.Elements().Where(e => e.InTensor is not null))
        {
            expected[inTensor!.Value / 4] += inBox / 4;
        }
        const string Body = """
            setp.ge.u32 %p1, %r0, 64; shl.b32 %r4, %r0, 2; add.u32 %r4, %r4, %r1; cvt.rn.f32.u32 %f0, %r0; @!%p1 st.shared.f32 [%r4+1024], %f0;
            fence.proxy.async.shared::cta; bar.sync 0; @!%p0 bra END;
            cp.reduce.async.bulk.tensor.RANK.global.shared::cta.add.tile.bulk_group [%rd2, {COORDINATES}], [%r1+1024]; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;
            END:
            """;
        using PtxMachine machine = new(Kernel(Body, shape), HopperKernel.Options);
        ulong target = machine.Upload<float>(tensor);
        EmulatorFault? fault = machine.Launch(1, 64, SharedBytes, target, target, shape.Map(target));
        Assert.That(fault, Is.Null, fault?.ToString());
        Assert.That(machine.Download<float>(target, tensor.Length), Is.EqualTo(expected));
    }

    private static readonly Shape _plain = new()
    {
        Type = TensorType.BFloat16,
        Sizes = [64, 32],
        Box = [64, 8],
        Steps = [1, 1],
        At = [0, 0],
        Swizzle = 3,
    };

    [Test]
    public void A_changed_map_is_noticed()
    {
        byte[] tensor = new byte[_plain.TensorBytes];
        using PtxMachine machine = new(Kernel(LoadBody, _plain), HopperKernel.Options);
        ulong p = machine.Allocate(_plain.Bytes);
        byte[] map = _plain.Map(machine.Upload<byte>(tensor));
        map[30] ^= 1;
        EmulatorFault? fault = machine.Launch(1, 64, SharedBytes, p, p, map);
        Assert.That(fault?.Kind, Is.EqualTo(EmulatorFaultKind.TensorMapMisuse));
        Assert.That(fault!.Message, Does.Contain("not a tensor map, or one that was changed"));
    }

    [Test]
    public void A_map_may_lie_in_global_memory_and_must_not_lie_in_local_memory()
    {
        byte[] tensor = new byte[_plain.TensorBytes];
        string global = Kernel(LoadBody, _plain).Replace("cvta.param.u64 %rd2, %rd2;", "mov.b64 %rd2, %rd1;", StringComparison.Ordinal);
        using PtxMachine machine = new(global, HopperKernel.Options);
        ulong p = machine.Allocate(_plain.Bytes);
        ulong map = machine.Upload<byte>(_plain.Map(machine.Upload<byte>(tensor)));
        EmulatorFault? fault = machine.Launch(1, 64, SharedBytes, p, map, new byte[128]);
        Assert.That(fault, Is.Null, fault?.ToString());
        string local = Kernel(LoadBody, _plain).Replace("{\n.reg .pred", "{\n.local .align 64 .b8 depot[128];\n.reg .pred", StringComparison.Ordinal)
            .Replace("mov.b64 %rd2, m; cvta.param.u64 %rd2, %rd2;", "mov.b64 %rd2, depot; cvta.local.u64 %rd2, %rd2;", StringComparison.Ordinal);
        using PtxMachine other = new(local, HopperKernel.Options);
        p = other.Allocate(_plain.Bytes);
        fault = other.Launch(1, 64, SharedBytes, p, p, new byte[128]);
        Assert.That(fault?.Message, Does.Contain("copied to local memory"));
    }

    [Test]
    public void A_box_whose_rows_are_narrower_than_the_swizzle_is_refused()
    {
        Shape narrow = new()
        {
            Type = TensorType.BFloat16,
            Sizes = [64, 32],
            Box = [32, 8],
            Steps = [1, 1],
            At = [0, 0],
            Swizzle = 3,
        };
        using PtxMachine machine = new(Kernel(LoadBody, narrow), HopperKernel.Options);
        ulong p = machine.Allocate(narrow.Bytes);
        EmulatorFault? fault = machine.Launch(
            1, 64, SharedBytes, p, p, narrow.Map(machine.Upload<byte>(new byte[narrow.TensorBytes])));
        Assert.That(fault?.Kind, Is.EqualTo(EmulatorFaultKind.BulkCopyMisuse));
    }

    [TestCase("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%r1], [%rd2, {%r2, %r2}], [%r1], %rs0;", "multicast")]
    [TestCase("cp.async.bulk.tensor.3d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [%r1], [%rd2, {%r2, %r2, %r2}], [%r1], {%rs0};", "im2col")]
    [TestCase("cp.async.bulk.tensor.2d.shared::cta.global.mbarrier::complete_tx::bytes [%r1], [%rd2, {%r2, %r2}], [%r1];", "needs .version 8.6")]
    [TestCase("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd2, {%r2}], [%r1];", "2 coordinates are expected")]
    public void Forms_that_are_not_supported_are_named_at_load(string statement, string message)
    {
        using DeviceMemory memory = new(1L << 24);
        bool loaded = PtxModule.TryLoad(
            HopperKernel.Wrap(statement), "test", HopperKernel.Options, memory, out _, out string log);
        Assert.That(loaded, Is.False);
        Assert.That(log, Does.Contain(message));
    }
}
