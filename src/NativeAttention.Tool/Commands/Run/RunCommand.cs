using System.CommandLine;
using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Commands.Run;

/// <summary><c>nattn run</c>: attention over NumPy files.</summary>
internal static class RunCommand
{
    private const string Description = """
        Compute attention over NumPy files.

        Files are .npy arrays of float32 or float16 with four axes, or three for batch 1: the output
        then has three axes as well, and the log-sum-exp two. Outputs appear whole or not at all.

        Files of operands broadcast as in NumPy against the axes that their options name. Keys that a bias
        or mask lacks are hidden. A score is scale * temperature * q.k, soft cap, bias, key log-weight,
        ALiBi, masks, in this order.

        With --neighborhood, queries see a window around themselves on a map of tokens, for example
        nattn run --neighborhood --window 7,7 --query q.npy ... of files [height, width, heads, dim].

        --compute bf16 or fp16 rounds float32 files to that type and returns float32; --compute fp32
        widens float16 files, computes in float32 and returns float16.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Build(Func<ParseResult, Func<ToolSession, int>, int> execute)
    {
        Command command = new("run", Description);
        RunOptions options = new();
        options.AddTo(command);
        command.SetAction(parsed =>
            execute(parsed, session => Run(session, options.Read(parsed))));
        return command;
    }

    private static int Run(ToolSession session, RunRequest request) => request.Neighborhood is { } map
        ? new NeighborhoodJob(session, request, map).Run()
        : new RunJob(session, request).Run();
}
