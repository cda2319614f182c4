using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using NativeAttention.Bindings;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;

namespace NativeAttention.TestHost;

/// <summary>
/// Runs what is left of a suite in this process, and journals every test. Stops when the GPU's context is lost:
/// whatever came next would fail for that and say nothing of itself.
/// </summary>
internal sealed partial class ChildRun : ITestListener
{
    private readonly HostCommand _command;
    private readonly string _suite;
    private readonly TextWriter _log;
    private readonly Journal _journal;
    private TestList _tests = null!;

    public ChildRun(HostCommand command, string suite, TextWriter log)
    {
        _command = command;
        _suite = suite;
        // NUnit redirects the console while tests run; this writer is the real one.
        _log = log;
        _journal = new Journal(command.Journal!);
    }

    public int Run()
    {
        _journal.Reopen();
        NUnitTestAssemblyRunner runner = new(new DefaultTestAssemblyBuilder());
        // No workers: tests run on this thread, one after the other, and none starts before it is in the journal.
        ITest suite = runner.Load(LoadAssembly(),
            new Dictionary<string, object> { ["NumberOfTestWorkers"] = 0, ["SynchronousEvents"] = true });
        _tests = new TestList(suite, _command.Filter);
        ChooseTests();
        runner.Run(this, _tests);
        _journal.End();
        return 0;
    }

    public void TestStarted(ITest test)
    {
        if (_tests.NameOf(test) is { } name)
        {
            _journal.Start(name);
        }
    }

    public void TestFinished(ITestResult result)
    {
        // A suite says nothing that its tests do not say, unless its own set-up or tear-down failed.
        string? name = result.Test.IsSuite && result.ResultState.Status == TestStatus.Failed
            && result.ResultState.Site is FailureSite.SetUp or FailureSite.TearDown
            ? Journal.OneField(result.FullName)
            : _tests.NameOf(result.Test);
        if (name is null || _journal.IsDone(name))
        {
            return;
        }

        switch (result.ResultState.Status)
        {
            case TestStatus.Passed or TestStatus.Warning:
                _journal.Pass(name);
                break;
            case TestStatus.Failed:
                Fail(name, result);
                break;
            default:
                _journal.Skip(name, result.Message ?? "no reason given");
                break;
        }
    }

    public void TestOutput(TestOutput output)
    {
    }

    public void SendMessage(TestMessage message)
    {
    }

    private Assembly LoadAssembly() => File.Exists(_suite)
        ? Assembly.LoadFrom(Path.GetFullPath(_suite))
        : Assembly.Load(_suite == "Core" ? "NativeAttention.Tests" : $"NativeAttention.{_suite}.Tests");

    private void ChooseTests()
    {
        if (_command.Alone is { } alone)
        {
            _tests.Choose(name => name == alone);
            return;
        }

        _log.WriteLine($"{_suite}: {_tests.All.Count(test => !_journal.IsDone(test))} tests to run");
        _log.Flush();

        foreach (string test in _tests.All)
        {
            _journal.Find(test);
        }

        foreach (string test in _tests.Alone)
        {
            _journal.SetAside(test);
        }

        _tests.Choose(test => !_tests.Alone.Contains(test) && !_journal.IsDone(test));
    }

    private void Fail(string name, ITestResult result)
    {
        _journal.Fail(name);
        _log.WriteLine($"FAILED {name}");
        _log.WriteLine(result.ResultState.Site == FailureSite.Parent
            ? "its fixture failed"
            : $"{result.Message}\n{result.StackTrace}");
        if (result.Output.Length > 0)
        {
            _log.WriteLine($"its output:\n{result.Output}");
        }

        _log.Flush();
        if (_command.Alone is null && LosesContext(result.Message))
        {
            _journal.LoseContext();
            Environment.Exit(0);
        }
    }

    private static bool LosesContext(string? message) =>
        CodePattern().Matches(message ?? "").Any(m =>
            new CudaException((CudaResult)int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture), "", 0)
            .IsContextLost);

    // As CudaException writes it.
    [GeneratedRegex(@"failed on device \d+: \w+ \((\d+)\)")]
    private static partial Regex CodePattern();
}
