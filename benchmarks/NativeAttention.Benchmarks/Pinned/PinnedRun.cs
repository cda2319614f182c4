using System.Diagnostics;
using System.Globalization;
using NativeAttention.Benchmarks.App;
using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Problems;
using NativeAttention.Benchmarks.Results;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Results;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// The table of the CPU's goals: ours and a peer's take turns in short samples on pinned threads, with the
/// probes between them, so that whatever happens to the machine happens to all.
/// </summary>
/// <param name="output">Where progress and the short report go.</param>
/// <param name="options">What the command line says.</param>
/// <param name="pace">How long everything is measured.</param>
/// <param name="cases">The cases of the table.</param>
/// <param name="peer">Who stands beside ours; plain attention does wherever a case has a modifier.</param>
/// <param name="pin">Whether threads are pinned.</param>
/// <param name="others">What is counted on other devices, for the same results; null for nothing.</param>
internal sealed class PinnedRun(TextWriter output, BenchOptions options, Pace pace,
    IReadOnlyList<BenchCase> cases, Peer peer, bool pin, Func<RunLine, IEnumerable<ResultLine>>? others = null)
{
    // So often between cases that ceilings have many samples, so seldom that they cost little.
    private const int CasesBetweenProbes = 8;

    private readonly BenchCase[] _cases = [.. cases.Where(c =>
        options.Filter is null || c.Name.Contains(options.Filter, StringComparison.Ordinal))];

    /// <summary>Prints the names of the chosen cases.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int List()
    {
        foreach (BenchCase @case in _cases)
        {
            output.WriteLine(@case.Name);
        }

        return ExitCodes.Ok;
    }

    /// <summary>Measures, stores and reports.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public int Run()
    {
        if (_cases.Length == 0)
        {
            throw ToolException.BadInput($"filter is '{options.Filter}': no case of the table has a name "
                + "that contains it (--list prints the names)");
        }

        using Pinning? pinning = pin ? Pinning.OfThisProcess() : null;
        RunLine run = Machine.Describe(options) with { Note = Note(pinning) };
        OperandStore store = new();
        using OurContender ours = new(pinning, store);
        using PlainContender plain = new(new OurContender(pinning, store));
        using IContender? other = peer.Contender;
        using ProbeTurns probes = new(pinning);
        Turn[][] turns = Prepare(ours, plain, other);
        Measure(turns, probes);
        string folder = Machine.Folder(options, run);
        IEnumerable<MeasurementLine> measured = turns.SelectMany(t => t.Select(m => m.Line()));
        return RunFile.Store(output, folder,
            [run, .. probes.Lines(), .. measured, .. Stored(), .. Goals(), .. others?.Invoke(run) ?? []]);
    }

    private Turn[][] Prepare(params IEnumerable<IContender?> contenders)
    {
        long start = Stopwatch.GetTimestamp();
        Turn[][] turns = [.. _cases.Select(c => contenders.OfType<IContender>()
            .Where(contender => contender.Refusal(c) is null)
            .Select(contender => new Turn(c, contender)).ToArray())];
        output.WriteLine($"{turns.Length} cases, compared with float64 ({Elapsed(start)})");
        return turns;
    }

    private void Measure(Turn[][] turns, ProbeTurns probes)
    {
        double seconds = pace.Milliseconds / 1e3;
        for (int pass = 1; pass <= pace.Passes; pass++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int round = -pace.Warmup; round < pace.Iterations; round++)
            {
                for (int i = 0; i < turns.Length; i++)
                {
                    if (i % CasesBetweenProbes == 0 && round >= 0)
                    {
                        probes.Measure(seconds);
                    }

                    // Who comes first changes from round to round.
                    foreach (Turn turn in round % 2 == 0 ? turns[i] : turns[i].AsEnumerable().Reverse())
                    {
                        Take(turn, round, seconds);
                    }
                }
            }

            probes.EndPass();
            foreach (Turn turn in turns.SelectMany(t => t))
            {
                turn.EndPass();
            }

            output.WriteLine($"pass {pass} of {pace.Passes} ({Elapsed(start)})");
        }
    }

    private static void Take(Turn turn, int round, double seconds)
    {
        if (round < 0)
        {
            turn.WarmUp(seconds);
        }
        else
        {
            turn.Measure(seconds);
        }
    }

    private IEnumerable<MeasurementLine> Stored()
    {
        HashSet<string> chosen = [.. _cases.Select(c => c.Id)];
        return peer.Stored.Where(m => chosen.Contains(m.Case));
    }

    private IEnumerable<GoalLine> Goals() => _cases.SelectMany(c => CpuGoals.Of(c).Concat(c.Device == BenchDevice.Cpu
        ? ModifierGoals.Of(c.Problem, c.Id)
        : []));

    private string Note(Pinning? pinning)
    {
        string threads = pinning is null ? "threads not pinned" : "threads pinned, one to a processor";
        return string.Join("; ", new[] { threads, peer.Note, options.Note }.OfType<string>());
    }

    private static string Elapsed(long start) => string.Create(CultureInfo.InvariantCulture,
        $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
}
