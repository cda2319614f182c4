using NativeAttention.Benchmarks.Ggml;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// What stands beside our figures: ggml that takes turns with us, or figures of it that are stored.
/// </summary>
/// <param name="Contender">Who takes turns; null for nobody.</param>
/// <param name="Stored">Measurements of another run.</param>
/// <param name="Note">What a reader of the figures should know of it.</param>
internal sealed record Peer(IContender? Contender, IReadOnlyList<MeasurementLine> Stored, string Note)
{
    /// <summary>Nobody but plain attention of ours.</summary>
    public static Peer Plain { get; } =
        new(null, [], $"provider '{MeasurementLine.Plain}' is ours without the modifier");

    /// <summary>The peer that the command line names.</summary>
    /// <param name="argument">A folder of libraries, a file of results, or null for no peer.</param>
    /// <param name="pin">Whether its threads are pinned.</param>
    /// <exception cref="ToolException">There is no such file or folder, or not what it takes in it.</exception>
    public static Peer Of(string? argument, bool pin)
    {
        if (argument is null)
        {
            return new Peer(null, [], "no peer was measured: --ggml was not given");
        }

        if (Directory.Exists(argument))
        {
            return new Peer(GgmlProcess.Start(argument, pin), [],
                $"{GgmlContender.Name} took turns in a process of its own, with OpenMP's "
                    + $"{GgmlProcess.Waiting} waiting");
        }

        return File.Exists(argument)
            ? OfFile(argument)
            : throw ToolException.BadInput(
                $"--ggml is '{argument}': there is no such folder and no such file");
    }

    private static Peer OfFile(string path)
    {
        IReadOnlyList<ResultRun> runs = ResultReader.Read(path).Runs;
        HashSet<string> cases = [.. CpuTable.Cases.Select(c => c.Id)];
        (RunLine Run, MeasurementLine Line)[] found = [.. runs.SelectMany(
            r => r.Measurements.Where(m => m.Provider == GgmlContender.Name && cases.Contains(m.Case)),
            (r, m) => (r.Run, m))];
        if (found.Length == 0)
        {
            throw ToolException.BadInput($"--ggml is '{path}', which has no measurement of provider "
                + $"'{GgmlContender.Name}' on a case of this table (bench cpu --list prints them)");
        }

        IEnumerable<string> origins =
            found.Select(f => $"{f.Run.Machine} on {f.Run.Date:yyyy-MM-dd}").Distinct();
        return new Peer(null, [.. found.Select(f => f.Line)],
            $"{GgmlContender.Name}'s figures are of another run: {string.Join(", ", origins)}");
    }
}
