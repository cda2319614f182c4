using NativeAttention.Tool.App;
using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The files of a run on maps, checked against each other, and the problem that they make.</summary>
internal sealed class NeighborhoodRunInputs
{
    private NeighborhoodRunInputs(RunRequest request, NeighborhoodRequest map)
    {
        Query = InputTensor.Load("--query", request.Query);
        Key = Same(InputTensor.Load("--key", request.Key));
        Value = Same(InputTensor.Load("--value", request.Value));
        ExtraKey = map.ExtraKey is null ? null : Same(InputTensor.Load(NeighborhoodRequest.ExtraKeyOption, map.ExtraKey));
        ExtraValue = map.ExtraValue is null
            ? null
            : Same(InputTensor.Load(NeighborhoodRequest.ExtraValueOption, map.ExtraValue));
        RelativeBias = map.RelativeBias is null
            ? null
            : InputTensor.Load(NeighborhoodRequest.RelativeBiasOption, map.RelativeBias, NpyElementType.Float32);
        Compute = ComputeTypes.Of(FileType, request.Compute);
        bool hasBatch = HasBatch(map);
        int rank = Query.Array.Shape.Length - (hasBatch ? 3 : 2);
        MapFile q = MapFile.Of(Query, rank, hasBatch), k = MapFile.Of(Key, rank, hasBatch);
        MapFile v = MapFile.Of(Value, rank, hasBatch);
        Shape = ShapeOf(q, k, v, ExtraKeys(hasBatch, q, k, v));
        Options = new NeighborhoodOptions(map.Pattern(rank))
        {
            Scale = request.Scale,
            ClampWindow = map.ClampWindow,
            RelativeBias = RelativeBias is not null,
            Tuning = new TuningHints { Rung = request.Rung },
        };
        OutputShape = [.. Query.Array.Shape];
        OutputShape[^1] = Shape.ValueHeadDim;
        LseShape = Query.Array.Shape[..^1];
    }

    public InputTensor Query { get; }

    public InputTensor Key { get; }

    public InputTensor Value { get; }

    public InputTensor? ExtraKey { get; }

    public InputTensor? ExtraValue { get; }

    public InputTensor? RelativeBias { get; }

    public NeighborhoodShape Shape { get; }

    public NeighborhoodOptions Options { get; }

    /// <summary>Type to compute in.</summary>
    public ElementType Compute { get; }

    /// <summary>Type of the inputs, and so of the output.</summary>
    public NpyElementType FileType => Query.Array.Type;

    /// <summary>Shape of the output: that of the queries with the dim of the values.</summary>
    public long[] OutputShape { get; }

    /// <summary>Shape of the log-sum-exp: that of the queries without the dim.</summary>
    public long[] LseShape { get; }

    /// <summary>Reads and checks the files.</summary>
    /// <exception cref="ToolException">One cannot be read, or they do not fit together.</exception>
    public static NeighborhoodRunInputs Load(RunRequest request, NeighborhoodRequest map) => new(request, map);

    private InputTensor Same(InputTensor tensor) => tensor.Array.Type == FileType
        ? tensor
        : throw ToolException.BadInput($"{tensor.Label}: dtype is {NpyDtype.NameOf(tensor.Array.Type)}; {Query.Label} has "
            + $"{NpyDtype.NameOf(FileType)}, and all must have the same");

    // A value for each axis says how many axes the map has, and so whether one is left for the batch.
    private bool HasBatch(NeighborhoodRequest map)
    {
        int axes = Query.Array.Shape.Length;
        int? rank = map.Rank;
        bool fits = rank is int r ? axes == r + 3 || axes == r + 2 : axes is >= 4 and <= GridShape.MostAxes + 3;
        return fits
            ? rank is not int known || axes == known + 3
            : throw ToolException.BadInput($"{Query.Label}: shape {NpyShape.Format(Query.Array.Shape)} has {axes} axes; "
                + (rank is int given
                    ? $"allowed are {given + 3}, or {given + 2} without the batch axis, since the options have {given} values"
                    : "allowed are 4 to 6, [batch, 1 to 3 axes, heads, dim], when options have one value for all axes"));
    }

    private static NeighborhoodShape ShapeOf(MapFile q, MapFile k, MapFile v, int extraKeys)
    {
        q.RequireEqual(k, "batch", f => f.Batch);
        q.RequireEqual(v, "batch", f => f.Batch);
        q.RequireEqual(k, "head dim", f => f.Dim);
        k.RequireEqual(v, "map", f => f.Grid);
        k.RequireEqual(v, "number of heads", f => f.Heads);
        return new NeighborhoodShape(q.Batch, q.Grid, q.Heads, k.Heads, q.Dim, v.Dim)
        {
            KeyGrid = k.Grid == q.Grid ? null : k.Grid,
            ExtraKeys = extraKeys,
        };
    }

    private int ExtraKeys(bool hasBatch, MapFile q, MapFile k, MapFile v)
    {
        if (ExtraKey is null || ExtraValue is null)
        {
            return 0;
        }

        MapFile extraKey = MapFile.Of(ExtraKey, 1, hasBatch), extraValue = MapFile.Of(ExtraValue, 1, hasBatch);
        q.RequireEqual(extraKey, "batch", f => f.Batch);
        k.RequireEqual(extraKey, "number of heads", f => f.Heads);
        k.RequireEqual(extraKey, "head dim", f => f.Dim);
        extraKey.RequireEqual(extraValue, "batch", f => f.Batch);
        extraKey.RequireEqual(extraValue, "number of extra keys", f => f.Grid);
        extraKey.RequireEqual(extraValue, "number of heads", f => f.Heads);
        v.RequireEqual(extraValue, "value head dim", f => f.Dim);
        return extraKey.Grid[0];
    }
}
