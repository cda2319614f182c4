namespace NativeAttention;

/// <summary>
/// The extents of a map of tokens with one, two or three axes; the last axis lies fastest in memory.
/// </summary>
public readonly record struct GridShape
{
    /// <summary>Most axes of a map.</summary>
    public const int MostAxes = 3;

    private readonly int first;
    private readonly int second;
    private readonly int third;

    /// <summary>A line of tokens.</summary>
    /// <param name="length">Its length.</param>
    public GridShape(int length)
        : this(1, length, 0, 0)
    {
    }

    /// <summary>A picture, for example.</summary>
    /// <param name="first">Extent of the first axis.</param>
    /// <param name="second">Extent of the second axis, the fastest in memory.</param>
    public GridShape(int first, int second)
        : this(2, first, second, 0)
    {
    }

    /// <summary>A video or a volume, for example.</summary>
    /// <param name="first">Extent of the first axis.</param>
    /// <param name="second">Extent of the second axis.</param>
    /// <param name="third">Extent of the third axis, the fastest in memory.</param>
    public GridShape(int first, int second, int third)
        : this(3, first, second, third)
    {
    }

    private GridShape(int rank, int first, int second, int third)
    {
        Rank = rank;
        this.first = first;
        this.second = second;
        this.third = third;
    }

    /// <summary>Number of axes; 0 for the default value, which is no map.</summary>
    public int Rank { get; }

    /// <summary>Number of tokens: the product of the extents; 0 for no map.</summary>
    public long Tokens
    {
        get
        {
            long tokens = Rank == 0 ? 0 : 1;
            for (int axis = 0; axis < Rank; axis++)
            {
                tokens = checked(tokens * this[axis]);
            }

            return tokens;
        }
    }

    /// <summary>Extent of an axis.</summary>
    /// <param name="axis">0 to <see cref="Rank"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int this[int axis]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(axis);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(axis, Rank);
            return axis == 0 ? first : axis == 1 ? second : third;
        }
    }

    /// <summary>Makes a map of given extents.</summary>
    /// <param name="extents">One to three extents.</param>
    /// <exception cref="ArgumentException">There are none or more than three.</exception>
    public static GridShape Of(ReadOnlySpan<int> extents) => extents.Length switch
    {
        1 => new GridShape(extents[0]),
        2 => new GridShape(extents[0], extents[1]),
        3 => new GridShape(extents[0], extents[1], extents[2]),
        _ => throw new ArgumentException(
            $"There are {extents.Length} extents: a map has 1 to {MostAxes} axes.", nameof(extents)),
    };

    /// <summary>The extents with <c>x</c> between them.</summary>
    public override string ToString() => Rank switch
    {
        0 => "none",
        1 => $"{first}",
        2 => $"{first}x{second}",
        _ => $"{first}x{second}x{third}",
    };
}
