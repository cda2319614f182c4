using System.Globalization;
using NativeAttention.Benchmarks.Cases;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.Pinned;

/// <summary>
/// A contender in another process, asked by lines of text: what its libraries do to a process then touches
/// nobody else.
/// </summary>
/// <param name="provider">Its name in results.</param>
/// <param name="refusal">Why it does not run a case; null when it does.</param>
/// <param name="questions">Takes a line for each question.</param>
/// <param name="answers">Gives a line for each answer.</param>
internal sealed class RemoteContender(
    string provider, Func<BenchCase, string?> refusal, TextWriter questions, TextReader answers) : IContender
{
    private const string Prepared = "prepared";
    private const string Measured = "measured";
    private const string Failed = "failed";

    /// <inheritdoc/>
    public string Provider => provider;

    /// <inheritdoc/>
    public string? Refusal(BenchCase @case) => refusal(@case);

    /// <summary>Answers the questions of a remote contender until there are none.</summary>
    /// <param name="contender">Who does the work.</param>
    /// <param name="cases">The cases that may be asked for.</param>
    /// <param name="questions">The questions.</param>
    /// <param name="answers">Takes the answers.</param>
    public static void Serve(
        IContender contender, IReadOnlyList<BenchCase> cases, TextReader questions, TextWriter answers)
    {
        while (questions.ReadLine()?.Split(' ') is { } question)
        {
            BenchCase @case = cases.Single(c => c.Name == question[1]);
            try
            {
                answers.WriteLine(question[0] == Prepared
                    ? Text(contender.Prepare(@case))
                    : Text(contender.Measure(@case, double.Parse(question[2], CultureInfo.InvariantCulture))));
            }
            catch (Exception e) when (e is ToolException or InvalidOperationException)
            {
                answers.WriteLine($"{Failed} {e.Message}");
            }

            answers.Flush();
        }
    }

    /// <inheritdoc/>
    public Preparation Prepare(BenchCase @case)
    {
        string[] answer = Ask($"{Prepared} {@case.Name}", Prepared, parts: 3);
        return new Preparation(answer[2], Number(answer[1]));
    }

    /// <inheritdoc/>
    public Sample Measure(BenchCase @case, double seconds)
    {
        string[] answer = Ask(string.Create(CultureInfo.InvariantCulture,
            $"{Measured} {@case.Name} {seconds:R}"), Measured, parts: 3);
        return new Sample(Number(answer[1]), Number(answer[2]));
    }

    /// <inheritdoc/>
    public void Dispose() => questions.Dispose(); // no more questions: the other process ends

    private static string Text(Preparation p) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prepared} {p.MaxError:R} {p.Kernel}");

    private static string Text(Sample s) =>
        string.Create(CultureInfo.InvariantCulture, $"{Measured} {s.Seconds:R} {s.AllocatedBytes:R}");

    private string[] Ask(string question, string kind, int parts)
    {
        questions.WriteLine(question);
        questions.Flush();
        string answer = answers.ReadLine()
            ?? throw new ToolException(ExitCodes.Failure, $"the process of {provider} ended at '{question}'");
        string[] words = answer.Split(' ', parts);
        return words[0] == kind && words.Length == parts
            ? words
            : throw new ToolException(ExitCodes.Failure, words[0] == Failed ? answer[(Failed.Length + 1)..]
                : $"the process of {provider} answered '{answer}' to '{question}'");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
