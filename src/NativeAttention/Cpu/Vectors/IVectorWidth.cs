namespace NativeAttention.Cpu;

/// <summary>
/// The few float32 vector operations that attention needs, for one width of register. Kernels are written
/// once over this; a width is a struct without fields, so that every call is resolved and inlined for it.
/// </summary>
/// <typeparam name="TVector">
/// The register: Vector512, Vector256, Vector128 of float, or one float.
/// </typeparam>
internal unsafe interface IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Floats in one register.</summary>
    static abstract int Count { get; }

    /// <summary>
    /// Registers side by side in the micro-kernel: 4 where there are 32 registers, otherwise 2.
    /// </summary>
    static abstract int BlockVectors { get; }

    /// <summary>Suffix of kernel names: <c>v512</c>, <c>v256</c>, <c>v128</c>, <c>scalar</c>.</summary>
    static abstract string Name { get; }

    /// <summary>All lanes zero.</summary>
    static abstract TVector Zero { get; }

    /// <summary>0, 1, 2, ... in the lanes.</summary>
    static abstract TVector Indices { get; }

    /// <summary>Loads unaligned floats.</summary>
    static abstract TVector Load(float* source);

    /// <summary>Loads unaligned elements of any type as floats, exactly; a NaN stays a NaN.</summary>
    static abstract TVector Widen<T>(T* source)
        where T : unmanaged;

    /// <summary>Stores unaligned floats.</summary>
    static abstract void Store(TVector value, float* destination);

    /// <summary>One float in every lane.</summary>
    static abstract TVector Broadcast(float value);

    /// <summary>a + b</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>a - b</summary>
    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>a * b</summary>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a / b</summary>
    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>|x|</summary>
    static abstract TVector Abs(TVector x);

    /// <summary>x with the sign of another.</summary>
    static abstract TVector CopySign(TVector x, TVector sign);

    /// <summary>a * b + c, fused where the processor can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>The larger of two numbers; either operand when one is NaN.</summary>
    static abstract TVector Max(TVector a, TVector b);

    /// <summary>Whether a is the greater of two numbers in some lane.</summary>
    static abstract bool AnyGreater(TVector a, TVector b);

    /// <summary>Lane by lane: value where low &lt;= x &lt;= high, otherwise other.</summary>
    static abstract TVector SelectBetween(TVector x, TVector low, TVector high, TVector value, TVector other);

    /// <summary>Lane by lane: other where x is minus infinity, otherwise x.</summary>
    static abstract TVector ReplaceNegativeInfinity(TVector x, TVector other);

    /// <summary>2^x for x up to 64; 0 below 2^-125 and for minus infinity; NaN for NaN.</summary>
    static abstract TVector Exp2(TVector x);

    /// <summary>Stores the sums over the lanes of four vectors, side by side.</summary>
    static abstract void StoreSums(TVector a, TVector b, TVector c, TVector d, float* destination);

    /// <summary>The sum over the lanes.</summary>
    static abstract float SumLanes(TVector value);

    /// <summary>The largest lane; any lane when one is NaN.</summary>
    static abstract float MaxLane(TVector value);

    /// <summary>
    /// The first of the two 16-bit elements in each lane, as a float; Half without the last step of widening:
    /// divided by 2^112, and infinity and NaN as if they were numbers above the largest.
    /// </summary>
    static abstract TVector EvenHalves<T>(TVector pairs)
        where T : unmanaged;

    /// <summary>The second of the two, likewise.</summary>
    static abstract TVector OddHalves<T>(TVector pairs)
        where T : unmanaged;

    /// <summary>Infinity and NaN for what <see cref="EvenHalves"/> makes of them in Half.</summary>
    static abstract TVector RestoreInfinity(TVector x);

    /// <summary>The largest magnitudes of Half elements, those of a vector of pairs included.</summary>
    /// <param name="largest">The largest so far, at first zero.</param>
    /// <param name="pairs">Two elements in each lane.</param>
    static abstract TVector LargerHalves(TVector largest, TVector pairs);

    /// <summary>Whether no Half among the largest is infinite or NaN.</summary>
    static abstract bool AreFiniteHalves(TVector largest);

    /// <summary>Stores the lanes of two vectors in turn.</summary>
    static abstract void StoreInterleaved(TVector even, TVector odd, float* destination);
}
