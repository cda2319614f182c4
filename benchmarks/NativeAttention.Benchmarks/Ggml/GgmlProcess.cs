using System.Diagnostics;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.Ggml;

/// <summary>
/// The process that ggml runs in: this program again. OpenMP reads its settings when it is loaded, so they
/// have to be in the environment before.
/// </summary>
internal static class GgmlProcess
{
    /// <summary>The option that makes a process one.</summary>
    public const string ChildOption = "--ggml-child";

    private const string WaitPolicy = "OMP_WAIT_POLICY";

    /// <summary>How threads of OpenMP wait: as the environment says, else asleep.</summary>
    public static string Waiting => Environment.GetEnvironmentVariable(WaitPolicy) ?? "passive";

    /// <summary>Starts it.</summary>
    /// <param name="folder">Where the libraries are.</param>
    /// <param name="pin">Whether its threads are pinned.</param>
    public static IContender Start(string folder, bool pin)
    {
        GgmlLibrary.RequireIn(folder);
        string[] pinning = pin ? [] : ["--no-pin"];
        ProcessStartInfo start = new(Environment.ProcessPath!,
            [Environment.GetCommandLineArgs()[0], "cpu", ChildOption, folder, .. pinning])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment[WaitPolicy] = Waiting;
        Process child = Process.Start(start)!;
        return new RemoteContender(
            GgmlContender.Name, GgmlBody.Refusal, child.StandardInput, child.StandardOutput);
    }

    /// <summary>What it does.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static int Run(string folder, bool pin, TextReader questions, TextWriter answers)
    {
        // Loaded before this thread is pinned: OpenMP counts the processors it may use.
        GgmlLibrary ggml = GgmlLibrary.Load(folder);
        using GgmlContender contender = new(ggml, pin ? Pinning.OfThisProcess() : null);
        RemoteContender.Serve(contender, CpuTable.Cases, questions, answers);
        return ExitCodes.Ok;
    }
}
