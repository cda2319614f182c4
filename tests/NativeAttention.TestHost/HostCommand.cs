using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NativeAttention.TestHost;

/// <summary>The command line: run suites, or, started by ourselves, be the child that does it.</summary>
internal sealed class HostCommand
{
    public const int BadUsage = 2;

    private const string Usage = """
        NativeAttention.TestHost [SUITE...] [--filter TEXT] [--quiet-limit SECONDS]

        Runs test suites where there is no SDK. Every suite runs in a process of its own, and so does every test
        that costs a GPU its context; a process that dies or hangs is replaced, and the test that ran counts as
        failed. NATTN_DEVICE=cuda:0 runs what can run on a GPU there. Exit code: 0 all passed, 1 not.

          SUITE            a suite, such as Cuda, or a test assembly of one's own; all suites when none is named
          --filter         only tests whose full name contains this, explicit ones too
          --quiet-limit    how long a test may take; 120 when not given
        """;

    private readonly List<string> _suites = [];

    /// <summary>The suites there are, by the names they are asked for.</summary>
    public static IReadOnlyList<string> AllSuites { get; } =
        ["Cuda", "Conformance", "Bindings", "Tool", "Core", "Emulator"];

    /// <summary>What names of tests must contain.</summary>
    public string Filter { get; private set; } = "";

    /// <summary>How long no test may end.</summary>
    public TimeSpan QuietLimit { get; private set; } = TimeSpan.FromMinutes(2);

    /// <summary>In a child: the journal to write.</summary>
    public string? Journal { get; private set; }

    /// <summary>In a child: the only test to run.</summary>
    public string? Alone { get; private set; }

    /// <summary>Understands a command line; says what is wrong with it, or how it is used.</summary>
    public static bool TryParse(IReadOnlyList<string> arguments, TextWriter error,
        [NotNullWhen(true)] out HostCommand? command)
    {
        HostCommand parsed = new();
        string? wrong = null;
        for (int i = 0; i < arguments.Count && wrong is null; i++)
        {
            wrong = arguments[i].StartsWith('-')
                ? parsed.SetOption(arguments[i], ++i < arguments.Count ? arguments[i] : null)
                : parsed.AddSuite(arguments[i]);
        }

        command = wrong is null ? parsed : null;
        if (wrong is not null)
        {
            error.WriteLine(wrong.Length > 0 ? $"NativeAttention.TestHost: {wrong}" : Usage);
        }

        return wrong is null;
    }

    /// <summary>Does what was asked.</summary>
    public int Run(TextWriter log)
    {
        IEnumerable<string> suites = _suites.Count > 0 ? _suites : AllSuites;
        return Journal is null
            ? new HostRun(this, log).Run([.. suites])
            : new ChildRun(this, suites.First(), log).Run();
    }

    private string? AddSuite(string name)
    {
        _suites.Add(name);
        return AllSuites.Contains(name) || File.Exists(name) ? null : $"there is no suite '{name}', only {string.Join(", ", AllSuites)}";
    }

    private string? SetOption(string option, string? value)
    {
        if (option is "--help" or "-h")
        {
            return "";
        }

        switch (option)
        {
            case not null when value is null:
                return $"{option} needs a value";
            case "--filter":
                Filter = value;
                return null;
            case "--journal":
                Journal = value;
                return null;
            case "--alone":
                Alone = value;
                return null;
            case "--quiet-limit" when double.TryParse(value, CultureInfo.InvariantCulture, out double s) && s > 0:
                QuietLimit = TimeSpan.FromSeconds(s);
                return null;
            default:
                return $"{option} {value}: no such option or value; see --help";
        }
    }
}
