using System.Diagnostics.CodeAnalysis;

namespace NativeAttention.Neighborhood;

/// <summary>
/// Every rule a neighborhood problem must keep, in one place. Each broken rule is one exception that names the
/// argument, its value and what is allowed.
/// </summary>
internal static class NeighborhoodRules
{
    /// <summary>Checks all rules.</summary>
    public static void Check(ElementType elementType, NeighborhoodShape shape, NeighborhoodOptions options)
    {
        int size = ElementTypes.SizeInBytes(elementType);
        CheckShape(shape);
        CheckOptions(shape, options);
        CheckSizes(size, shape);
    }

    /// <summary>The pattern of each query head, cut to the map where that is asked for.</summary>
    /// <remarks>Of a ragged batch windows are cut to the smallest extents, the same for all maps.</remarks>
    public static IEnumerable<NeighborhoodPattern> PatternsOfHeads(NeighborhoodShape shape,
        NeighborhoodOptions options)
    {
        IEnumerable<NeighborhoodPattern> patterns =
            options.HeadPatterns ?? Enumerable.Repeat(options.Pattern, shape.QueryHeads);
        return options.ClampWindow
            ? patterns.Select(pattern => shape.QueryGrids.Aggregate(
                pattern, (clamped, grid) => clamped.Clamped(shape.KeyGridOf(grid))))
            : patterns;
    }

    private static void CheckShape(NeighborhoodShape shape)
    {
        AtLeast(0, shape.Batch, nameof(shape.Batch));
        AtLeast(0, shape.ExtraKeys, nameof(shape.ExtraKeys));
        AtLeast(1, shape.QueryHeads, nameof(shape.QueryHeads));
        AtLeast(1, shape.KeyValueHeads, nameof(shape.KeyValueHeads));
        AtLeast(1, shape.HeadDim, nameof(shape.HeadDim));
        AtLeast(1, shape.ValueHeadDim, nameof(shape.ValueHeadDim));
        ProblemRules.CheckMultiple(shape.QueryHeads, shape.KeyValueHeads, nameof(shape.KeyValueHeads));

        if (shape.RaggedGrids is null)
        {
            CheckGrid(shape.Grid, nameof(shape.Grid));
            if (shape.KeyGrid is GridShape keys)
            {
                CheckGrid(keys, nameof(shape.KeyGrid));
                SameRank(keys, nameof(shape.KeyGrid), shape.Grid, nameof(shape.Grid));
            }
        }
        else
        {
            CheckRagged(shape, shape.RaggedGrids);
        }
    }

    private static void CheckRagged(NeighborhoodShape shape, IReadOnlyList<GridShape> grids)
    {
        if (shape.KeyGrid is not null)
        {
            Throw(nameof(shape), "KeyGrid is set in a ragged batch: its maps serve queries and keys alike.");
        }

        if (grids.Count != shape.Batch || grids.Count == 0)
        {
            Throw(nameof(shape), $"Batch is {shape.Batch} and there are {grids.Count} RaggedGrids: they must be as many, "
                + "at least one.");
        }

        for (int n = 0; n < grids.Count; n++)
        {
            CheckGrid(grids[n], $"RaggedGrids[{n}]");
            SameRank(grids[n], $"RaggedGrids[{n}]", grids[0], "RaggedGrids[0]");
        }
    }

    private static void CheckGrid(GridShape grid, string name)
    {
        if (grid.Rank == 0)
        {
            Throw("shape", $"{name} has no axes: a map has 1 to {GridShape.MostAxes}.");
        }

        for (int axis = 0; axis < grid.Rank; axis++)
        {
            AtLeast(1, grid[axis], $"{name}[{axis}]");
        }
    }

    private static void SameRank(GridShape grid, string name, GridShape other, string otherName)
    {
        if (grid.Rank != other.Rank)
        {
            Throw("shape", $"{name} has {grid.Rank} axes, but {otherName} has {other.Rank}: they must be as many.");
        }
    }

    private static void CheckOptions(NeighborhoodShape shape, NeighborhoodOptions options)
    {
        NotNull(options.Pattern, nameof(options.Pattern));
        NotNull(options.Tuning, nameof(options.Tuning));
        ProblemRules.CheckScale(options.Scale);
        if (options.Tuning.MaxThreads is < 1)
        {
            Throw(nameof(options), $"MaxThreads is {options.Tuning.MaxThreads}: it must be at least 1.");
        }

        if (options.HeadPatterns is { } patterns)
        {
            if (patterns.Count != shape.QueryHeads)
            {
                Throw(nameof(options), $"There are {patterns.Count} HeadPatterns for {shape.QueryHeads} query heads: "
                    + "one for each is needed.");
            }

            for (int head = 0; head < patterns.Count; head++)
            {
                NotNull(patterns[head], $"HeadPatterns[{head}]");
            }
        }

        foreach (NeighborhoodPattern pattern in PatternsOfHeads(shape, options).Distinct())
        {
            foreach (GridShape grid in shape.QueryGrids)
            {
                CheckFit(pattern, grid, shape.KeyGridOf(grid));
            }
        }

        CheckBias(shape, options);
    }

    private static void CheckFit(NeighborhoodPattern pattern, GridShape queries, GridShape keys)
    {
        if (pattern.Rank != queries.Rank)
        {
            Throw("options", $"The pattern '{pattern}' has {pattern.Rank} axes and the map {queries} has "
                + $"{queries.Rank}: they must be as many.");
        }

        for (int axis = 0; axis < queries.Rank; axis++)
        {
            if (pattern.Axes[axis].Broken(queries[axis], keys[axis]) is string broken)
            {
                Throw("options", $"The pattern '{pattern}' does not fit the map {keys}: on axis {axis} {broken}.");
            }
        }
    }

    private static void CheckBias(NeighborhoodShape shape, NeighborhoodOptions options)
    {
        if (!options.RelativeBias)
        {
            return;
        }

        if (shape.KeyGrid is GridShape keys && keys != shape.Grid)
        {
            Throw(nameof(options), $"RelativeBias is set where queries lie on {shape.Grid} and keys on {keys}: a bias "
                + "by distance needs one map for both.");
        }

        NeighborhoodPattern[] patterns = [.. PatternsOfHeads(shape, options).Distinct()];
        foreach (NeighborhoodPattern other in patterns)
        {
            if (!other.Axes.Select(axis => axis.Window).SequenceEqual(patterns[0].Axes.Select(axis => axis.Window)))
            {
                Throw(nameof(options), $"RelativeBias is set and the windows of '{patterns[0]}' and '{other}' differ: "
                    + "one table serves windows of equal extents.");
            }
        }
    }

    private static void CheckSizes(int elementBytes, NeighborhoodShape shape)
    {
        Int128 tokens = 0;
        foreach (GridShape grid in shape.QueryGrids)
        {
            tokens += Int128.Max(Volume(grid), Volume(shape.KeyGridOf(grid)));
        }

        Int128 bytes = tokens * shape.UniformBatch * shape.QueryHeads * Math.Max(shape.HeadDim, shape.ValueHeadDim)
            * elementBytes;
        if (bytes > long.MaxValue)
        {
            Throw(nameof(shape), $"A tensor of {shape} has {bytes} bytes: at most 2^63 - 1 are supported.");
        }
    }

    private static Int128 Volume(GridShape grid)
    {
        Int128 volume = 1;
        for (int axis = 0; axis < grid.Rank; axis++)
        {
            volume *= grid[axis];
        }

        return volume;
    }

    private static void NotNull(object? value, string name, string argument = "options")
    {
        if (value is null)
        {
            throw new ArgumentNullException(argument, $"{name} is null: it is needed.");
        }
    }

    private static void AtLeast(int least, int value, string name, string argument = "shape")
    {
        if (value < least)
        {
            throw new ArgumentOutOfRangeException(argument, value, $"{name} is {value}: it must be at least {least}.");
        }
    }

    [DoesNotReturn]
    private static void Throw(string argument, string message) => throw new ArgumentException(message, argument);
}
