using NativeAttention.Testing;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// Dense forward attention of the shipped PTX against float64. Inputs are surrounded by NaN, outputs start as
/// poison and their gaps must stay so; the case's name holds its seed.
/// </summary>
public sealed class DenseForwardTests
{
    private static readonly string[] Rungs = ["tiled", "reference"];
    private static readonly AttentionMask[] Masks =
        [AttentionMask.None, AttentionMask.Causal, AttentionMask.CausalTopLeft];

    private static readonly int[][] HeadDims =
        [[1, 1], [3, 5], [8, 8], [20, 8], [32, 32], [40, 64], [64, 40], [72, 72], [96, 96], [100, 20],
        [127, 127], [128, 128], [128, 1], [129, 64], [192, 192], [8, 200], [255, 131], [256, 256]];

    private CudaBackend _backend = null!;

    [OneTimeSetUp]
    public void Open() => _backend = CudaBackend.Open(TestDevice.Driver,
        TestDevice.NewOrdinal(NativeAttention.Emulation.EmulatorOptions.Default));

    [OneTimeTearDown]
    public void Close() => _backend.Dispose();

    public static IEnumerable<AttentionCase> EveryHeadDim() =>
        from type in Enum.GetValues<ElementType>()
        from dims in HeadDims.Select((pair, n) => (Query: pair[0], Value: pair[1], n))
        from test in OnRungs(Case(type, new AttentionShape(1, 37, 83, 2, 1, dims.Query, dims.Value), "tiled",
            Masks[dims.n % 3], dims.n))
        select test;

    public static IEnumerable<AttentionCase> EveryLength() =>
        from type in Enum.GetValues<ElementType>()
        from lengths in Lengths().Select((pair, n) => (pair.Queries, pair.Keys, n))
        from test in OnRungs(Case(type, new AttentionShape(2, lengths.Queries, lengths.Keys, 4, 2, 40, 24), "tiled",
            Masks[lengths.n % 3], lengths.n))
        select test;

    public static IEnumerable<AttentionCase> EveryLayout() =>
        from type in Enum.GetValues<ElementType>()
        from layout in Layouts().Select((make, n) => (make, n))
        let shape = new AttentionShape(2, 19, 70, 6, 2, layout.n % 2 == 0 ? 32 : 20, 16)
        from test in OnRungs(new AttentionCase(type, shape, new AttentionOptions
        {
            Layout = layout.make(shape),
            Mask = Masks[layout.n % 3],
        }, seed: 300 + layout.n))
        select test;

    public static IEnumerable<AttentionCase> EveryScale() =>
        from type in Enum.GetValues<ElementType>()
        from each in AttentionGrid.Scales(type).Concat(AttentionGrid.Spoiled(type))
        from test in OnRungs(each)
        select test;

    public static IEnumerable<AttentionCase> Larger() =>
        from type in Enum.GetValues<ElementType>()
        from mask in Masks
        select Case(type, new AttentionShape(1, 300, 257, 8, 1, 64), "tiled", mask, seed: 500);

    public static IEnumerable<AttentionCase> Grid() =>
        from type in Enum.GetValues<ElementType>()
        from test in AttentionGrid.All(type, maxWork: 8_000_000)
        select test;

    // Scores of 10^9, where one unit in the last place is hundreds: the rung that is obviously right must hold even here.
    public static IEnumerable<AttentionCase> ScoresOfBillions() =>
        from type in Enum.GetValues<ElementType>()
        from scale in (float[])[5e8f, -5e8f]
        select new AttentionCase(type, new AttentionShape(1, 37, 83, 2, 1, 64), new AttentionOptions
        {
            Scale = scale,
            Tuning = new TuningHints { Rung = "reference" },
        }, seed: 700);

    [TestCaseSource(nameof(Grid))]
    [TestCaseSource(nameof(EveryHeadDim))]
    [TestCaseSource(nameof(EveryLength))]
    [TestCaseSource(nameof(EveryLayout))]
    [TestCaseSource(nameof(EveryScale))]
    [TestCaseSource(nameof(Larger))]
    [TestCaseSource(nameof(ScoresOfBillions))]
    public void Agrees_with_float64(AttentionCase test)
    {
        ArgumentNullException.ThrowIfNull(test);
        TestContext.Out.WriteLine(DenseRunner.Run(_backend.Device, test));
    }

    [TestCaseSource(nameof(EveryLayout))]
    public void Agrees_with_float64_on_host_memory(AttentionCase test)
    {
        ArgumentNullException.ThrowIfNull(test);
        TestContext.Out.WriteLine(test.RunOn(_backend));
    }

    [Test]
    public void The_log_sum_exp_may_be_left_out([Values] ElementType type) => DenseRunner.Run(
        _backend.Device, Case(type, new AttentionShape(1, 5, 9, 2, 2, 16), "tiled", AttentionMask.Causal,
        600), withLse: false);

    [Test]
    public void Two_runs_are_equal_bit_by_bit()
    {
        AttentionCase test = Case(ElementType.Float16, new AttentionShape(2, 70, 131, 4, 2, 64), "tiled",
            AttentionMask.Causal, 601);
        AttentionBuffers<Half> first = Host(test), second = Host(test);
        Assert.That(second.Output, Is.EqualTo(first.Output));
        Assert.That(second.Lse, Is.EqualTo(first.Lse));
    }

    [Test]
    public void A_host_plan_runs_again_with_other_inputs()
    {
        AttentionCase first = Case(ElementType.Float32, new AttentionShape(1, 9, 17, 2, 1, 20), "tiled",
            AttentionMask.None, 602);
        AttentionCase second = Case(ElementType.Float32, first.Shape, "tiled", AttentionMask.None, 603);
        using HostAttentionPlan<float> plan = _backend.PlanHost<float>(
            AttentionProblem.Create(ElementType.Float32, first.Shape, first.Options));
        Assert.That(plan.KernelName, Is.EqualTo("na_dense_tiled_f32_d32_sm80"));
        Assert.That(plan.WorkspaceBytes, Is.EqualTo(
            4 * ((9 * 2 * 20) + (17 * 20) + (17 * 20) + (9 * 2 * 20) + (9 * 2))));
        foreach (AttentionCase test in new[] { first, second, first })
        {
            AttentionBuffers<float> x = test.Allocate<float>();
            plan.Run(x.Query, x.Key, x.Value, x.Output, x.Lse);
            test.Check(x);
        }
    }

    [Test]
    public void Views_with_gaps_run_with_their_own_strides()
    {
        // Query, key and value lie in one [batch, sequence, 3, heads, dim] tensor, as one projection makes
        // them.
        AttentionCase test = Case(ElementType.Float16, new AttentionShape(2, 21, 21, 3, 3, 32), "tiled",
            AttentionMask.Causal, 604);
        AttentionBuffers<Half> x = test.Allocate<Half>();
        Half[] packed = Pack(x, test.Shape);
        CudaDevice device = _backend.Device;
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<Half> all = device.Upload<Half>(packed, [2, 21, 3, 3, 32], stream);
        using DeviceTensor<Half> output = device.Upload<Half>(x.Output.AsSpan(0, 2 * 21 * 96),
            [2, 21, 3, 32], stream);
        using DeviceTensor<float> lse = device.Upload<float>(x.Lse, [2, 3, 21], stream);
        using AttentionPlan<Half> plan = device.Plan<Half>(test.Shape, test.Options);
        plan.Run(all.Slice(2, 0, 1).Squeeze(2), all.Slice(2, 1, 1).Squeeze(2), all.Slice(2, 2, 1).Squeeze(2),
            output, lse, stream);
        output.Download(x.Output.AsSpan(0, 2 * 21 * 96), stream);
        lse.Download(x.Lse, stream);
        test.Check(x);
    }

    [Test]
    public void Bhsd_tensors_and_foreign_memory_run_as_they_are()
    {
        AttentionShape shape = new(2, 5, 9, 4, 2, 8, 12);
        AttentionCase test = new(ElementType.Float32, shape,
            AttentionOptions.Causal with { Layout = AttentionLayout.Bhsd }, seed: 605);
        AttentionBuffers<float> x = test.Allocate<float>();
        CudaDevice device = _backend.Device;
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<float> query = device.Upload<float>(x.Query.AsSpan(0, 320), [2, 4, 5, 8], stream);
        using DeviceTensor<float> key = device.Upload<float>(x.Key.AsSpan(0, 288), [2, 2, 9, 8], stream);
        using DeviceTensor<float> value = device.Upload<float>(x.Value.AsSpan(0, 432), [2, 2, 9, 12], stream);
        using DeviceTensor<float> output = device.Upload<float>(x.Output.AsSpan(0, 480), [480], stream);
        using AttentionPlan<float> plan = device.Plan<float>(shape, test.Options);
        stream.Synchronize();
        DeviceView<float> wrapped = device.Wrap<float>((nint)output.AsView().Pointer, [2, 4, 5, 12]);
        plan.Run(query, key, value, wrapped, stream);
        wrapped.Download(x.Output.AsSpan(0, 480), stream);
        test.Check<float>(x.Output, default);
    }

    [Test]
    public void An_address_that_is_not_aligned_takes_the_slow_path([Values(1, 2, 5)] int skipped,
        [Values] ElementType type)
    {
        AttentionCase test = Case(type, new AttentionShape(1, 18, 40, 2, 2, 32), "tiled", AttentionMask.None,
            700 + skipped);
        switch (type)
        {
            case ElementType.Float32:
                RunShifted<float>(test, skipped);
                break;
            case ElementType.Float16:
                RunShifted<Half>(test, skipped);
                break;
            default:
                RunShifted<BFloat16>(test, skipped);
                break;
        }
    }

    [Test]
    public void Batches_and_queries_of_none_launch_nothing([Values(0, 1)] int which)
    {
        AttentionShape shape = which == 0 ? new(0, 4, 4, 1, 1, 8) : new(2, 0, 4, 1, 1, 8);
        CudaDevice device = _backend.Device;
        using CudaStream stream = device.CreateStream();
        using AttentionPlan<float> plan = device.Plan<float>(shape);
        using DeviceTensor<float> empty = device.Allocate<float>([shape.Batch, shape.QueryLength, 1, 8],
            stream);
        using DeviceTensor<float> keys = device.Upload<float>(RandomData.Floats(shape.Batch * 32, 606),
            [shape.Batch, 4, 1, 8], stream);
        plan.Run(empty, keys, keys, empty, stream);
        stream.Synchronize();
    }

    private static AttentionCase Case(ElementType type, AttentionShape shape, string rung,
        AttentionMask mask, int seed) => new(
        type, shape, new AttentionOptions { Mask = mask, Tuning = new TuningHints { Rung = rung } },
        seed + 1);

    // One after the other, so that they share the reference.
    private static IEnumerable<AttentionCase> OnRungs(AttentionCase test) =>
        Rungs.Select(rung => test.With(new TuningHints { Rung = rung }));

    private static IEnumerable<(int Queries, int Keys)> Lengths() =>
    [
        (0, 5), (5, 0), (1, 1), (1, 65), (3, 2), (16, 64), (17, 63), (64, 64), (65, 129), (128, 17),
        (129, 1), (130, 67),
    ];

    private static IEnumerable<Func<AttentionShape, AttentionLayout>> Layouts() =>
    [
        _ => AttentionLayout.Bshd, _ => AttentionLayout.Bshd, _ => AttentionLayout.Bhsd, _ =>
        AttentionLayout.Bhsd,
        TestLayouts.PaddedOdd, TestLayouts.PaddedOdd, TestLayouts.PaddedAligned, TestLayouts.SequenceMajor,
        TestLayouts.SharedKeyValue, TestLayouts.SharedKeyValue,
    ];

    private AttentionBuffers<Half> Host(AttentionCase test)
    {
        AttentionBuffers<Half> x = test.Allocate<Half>();
        using HostAttentionPlan<Half> plan = _backend.PlanHost<Half>(
            AttentionProblem.Create(test.ElementType, test.Shape, test.Options));
        plan.Run(x.Query, x.Key, x.Value, x.Output, x.Lse);
        test.Check(x);
        return x;
    }

    private static Half[] Pack(AttentionBuffers<Half> x, AttentionShape s)
    {
        int token = s.QueryHeads * s.HeadDim;
        Half[] packed = new Half[s.Batch * s.QueryLength * 3 * token];
        for (int i = 0; i < s.Batch * s.QueryLength; i++)
        {
            x.Query.AsSpan(i * token, token).CopyTo(packed.AsSpan(3 * i * token));
            x.Key.AsSpan(i * token, token).CopyTo(packed.AsSpan(((3 * i) + 1) * token));
            x.Value.AsSpan(i * token, token).CopyTo(packed.AsSpan(((3 * i) + 2) * token));
        }

        return packed;
    }

    // All four tensors start `skipped` elements behind an aligned address.
    private void RunShifted<T>(AttentionCase test, int skipped)
        where T : unmanaged
    {
        AttentionBuffers<T> x = test.Allocate<T>();
        CudaDevice device = _backend.Device;
        using CudaStream stream = device.CreateStream();
        using DeviceTensor<T> query = Shifted(x.Query), key = Shifted(x.Key), value = Shifted(x.Value),
            output = Shifted(x.Output);
        using AttentionPlan<T> plan = device.Plan<T>(test.Shape, test.Options);
        plan.Run(View(query, 18), View(key, 40), View(value, 40), View(output, 18), stream);
        T[] all = new T[skipped + x.Output.Length];
        output.Download(all, stream);
        all.AsSpan(skipped).CopyTo(x.Output);
        test.Check<T>(x.Output, default);
        Assert.That(all[..skipped], Is.All.Matches<T>(Elements.IsPoison), "in front of the output");

        DeviceTensor<T> Shifted(T[] host)
        {
            T[] shifted = new T[skipped + host.Length];
            Array.Fill(shifted, Elements.Poison<T>());
            host.CopyTo(shifted, skipped);
            return device.Upload<T>(shifted, [shifted.Length], stream);
        }

        DeviceView<T> View(DeviceTensor<T> tensor, int length)
        {
            nint address = (nint)tensor.AsView().Pointer
                + (skipped * System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
            stream.Synchronize();
            return device.Wrap<T>(address, [1, length, 2, 32]);
        }
    }
}
