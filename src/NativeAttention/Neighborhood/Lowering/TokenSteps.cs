namespace NativeAttention.Neighborhood;

/// <summary>
/// Where the tokens of one class of a map lie among all tokens: token (z, y, x) of the class is number Origin +
/// z Z + y Y + x X. All in 64 bits: maps of more than 2^31 elements are ordinary.
/// </summary>
internal readonly record struct TokenSteps(long Origin, long Z, long Y, long X)
{
    /// <summary>The number of a token.</summary>
    public long At(int z, int y, int x) => Origin + (z * Z) + (y * Y) + (x * X);

    /// <summary>The class of given residues of a dense map whose tokens begin at one.</summary>
    public static TokenSteps Of(long begin, Extents map, Extents residue, Extents dilation)
    {
        long rows = map.X, planes = (long)map.Y * map.X;
        return new TokenSteps(begin + (residue.Z * planes) + (residue.Y * rows) + residue.X,
            dilation.Z * planes, dilation.Y * rows, dilation.X);
    }
}
