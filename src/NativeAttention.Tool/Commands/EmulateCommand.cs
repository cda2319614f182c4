using System.CommandLine;
using NativeAttention.Tool.App;
using NativeAttention.Tool.Emulation;

namespace NativeAttention.Tool.Commands;

/// <summary><c>nattn emulate</c>: any PTX, or one of our kernels, on the emulated GPU.</summary>
internal static class EmulateCommand
{
    private const string Description = $"""
        Run a PTX kernel on the emulated GPU and check every access.

          nattn emulate FILE.ptx --list
          nattn emulate FILE.ptx [--entry NAME] --grid x,y,z --block x,y,z [--shared bytes] --arg ... --arg ...
          nattn emulate --kernel NAME --shape B,Sq,Sk,Hq,Hkv,D[,Dv] [--causal] [--profile]

        Each --arg is the next parameter, checked against its declaration: {ArgumentParser.Forms}.
        A buffer is given by its address. KIND@OFFSET:... puts the value at an offset of the parameter block
        instead, which starts as --params or zeros: for structures passed by value. bfloat16 data travel as uint16.

        Outputs are written when no schedule had a finding. --schedules n runs n seeds, with the orders of warps and
        early and late asynchronous copies in turn; a right kernel passes all, with the same output.

        Exit codes: 0 no finding, 1 a finding, 2 bad usage or input, 5 the PTX does not load.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Build(Func<ParseResult, Func<ToolSession, int>, int> execute)
    {
        Command command = new("emulate", Description);
        EmulateOptions options = new();
        options.AddTo(command);
        command.SetAction(parsed => execute(parsed, session => Run(session, options.Read(parsed))));
        return command;
    }

    private static int Run(ToolSession session, EmulateRequest request) => request.Kernel is null
        ? new EmulateFile(session, request).Run()
        : new EmulateKernel(session, request).Run();
}
