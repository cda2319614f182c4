namespace NativeAttention.Benchmarks.Cases;

/// <summary>All cases. Lengths and heads are those on which peers were measured.</summary>
internal static class CaseList
{
    private static readonly AttentionMask[] Masks = [AttentionMask.None, AttentionMask.Causal];
    private static readonly int[] HeadDims = [64, 128];

    /// <summary>The cases, in the order of results.</summary>
    public static IReadOnlyList<BenchCase> All => Cases;

    /// <summary>Place of a case in the order of results.</summary>
    public static int IndexOf(BenchCase @case) => Cases.IndexOf(@case);

    private static List<BenchCase> Cases { get; } =
    [
        .. Prefill(), .. SmallTypes(), .. GroupedHeads(), .. OneThread(), .. OddHeadDims(), .. OddLengths(),
        .. UnequalLengths(), .. Decode(), .. Backward(), .. Overheads(), .. Emulated(), .. MapList.All,
    ];

    // float32, 8 heads: from short sequences to long ones.
    private static IEnumerable<BenchCase> Prefill() =>
        from dim in HeadDims
        from length in (int[])[128, 256, 1024, 4096]
        from mask in Masks
        select Square(8, 8, length, dim) with
        {
            Mask = mask,
            InShort = length == 1024 || (dim == 64 && length is 128 or 4096),
            InTable = length == 1024 || dim == 64,
        };

    // What widening 16-bit elements costs against float32.
    private static IEnumerable<BenchCase> SmallTypes() =>
        from type in (ElementType[])[ElementType.Float16, ElementType.BFloat16]
        from dim in HeadDims
        from length in (int[])[1024, 4096]
        from mask in Masks
        select Square(8, 8, length, dim) with
        {
            Type = type,
            Mask = mask,
            InShort = length == 1024 && mask == AttentionMask.None,
            InTable = length == 1024,
        };

    private static IEnumerable<BenchCase> GroupedHeads() =>
        from type in (ElementType[])[ElementType.Float32, ElementType.Float16]
        from mask in Masks
        select Square(32, 8, 1024, 128) with
        {
            Type = type,
            Mask = mask,
            InShort = type == ElementType.Float32 && mask == AttentionMask.Causal,
        };

    private static IEnumerable<BenchCase> OneThread() =>
        from dim in HeadDims
        from mask in Masks
        select Square(8, 8, 1024, dim) with
        {
            Threads = 1,
            Mask = mask,
            InShort = mask == AttentionMask.None,
        };

    private static IEnumerable<BenchCase> OddHeadDims() =>
        from dim in (int[])[40, 72, 80, 96]
        from mask in Masks
        select Square(8, 8, 1024, dim) with
        {
            Mask = mask,
            InShort = dim == 72 && mask == AttentionMask.None,
            InTable = true,
        };

    private static IEnumerable<BenchCase> OddLengths() =>
        from length in (int[])[1000, 1023]
        from mask in Masks
        select Square(8, 8, length, 64) with
        {
            Mask = mask,
            InShort = length == 1023 && mask == AttentionMask.None,
            InTable = true,
        };

    // A chunk of queries against a long past.
    private static IEnumerable<BenchCase> UnequalLengths() =>
        from queries in (int[])[16, 128]
        from type in (ElementType[])[ElementType.Float32, ElementType.Float16]
        select Cpu(new AttentionShape(1, queries, 4096, 8, 8, 128)) with
        {
            Type = type,
            Mask = AttentionMask.Causal,
            InShort = queries == 16 && type == ElementType.Float32,
            InTable = true,
        };

    // One query against a long past: reading keys and values is all there is.
    private static IEnumerable<BenchCase> Decode() =>
        from keys in (int[])[8192, 32768]
        from type in (ElementType[])[ElementType.Float32, ElementType.Float16, ElementType.BFloat16]
        select Cpu(new AttentionShape(1, 1, keys, 32, 8, 128)) with
        {
            Type = type,
            InShort = keys == 8192 && type == ElementType.Float32,
            InTable = true,
        };

    private static IEnumerable<BenchCase> Backward() =>
    [
        .. from type in (ElementType[])[ElementType.Float32, ElementType.Float16]
           from length in (int[])[256, 1024]
           from mask in Masks
           select Square(8, 8, length, 64) with
           {
               Family = BenchFamily.Backward,
               Type = type,
               Mask = mask,
               InShort = length == 1024 && (type == ElementType.Float32 || mask == AttentionMask.None),
           },
        Square(8, 2, 1024, 64) with { Family = BenchFamily.Backward, Mask = AttentionMask.Causal, InShort = true },
    ];

    // What a call costs before any work: the smallest problem, planned, one-shot, and plans of real problems.
    private static IEnumerable<BenchCase> Overheads()
    {
        BenchCase smallest = Square(1, 1, 1, 1) with { InShort = true, InTable = true };
        BenchCase real = Square(32, 8, 4096, 128) with
        {
            Family = BenchFamily.Plan,
            Type = ElementType.BFloat16,
        };
        return
        [
            smallest,
            smallest with { Family = BenchFamily.OneShot },
            smallest with { Family = BenchFamily.Plan, InTable = false },
            real,
            real with { Mask = AttentionMask.Causal, InShort = true },
        ];
    }

    private static IEnumerable<BenchCase> Emulated() =>
        from type in (ElementType[])[ElementType.Float16, ElementType.Float32]
        from dim in HeadDims
        from mask in Masks
        select Square(2, 2, 512, dim) with
        {
            Device = BenchDevice.Emulator,
            Type = type,
            Mask = mask,
            InShort = type == ElementType.Float16 && dim == 64,
        };

    private static BenchCase Square(int queryHeads, int keyValueHeads, int length, int dim) =>
        Cpu(new AttentionShape(1, length, length, queryHeads, keyValueHeads, dim));

    private static BenchCase Cpu(AttentionShape shape) => new() { Device = BenchDevice.Cpu, Shape = shape };
}
