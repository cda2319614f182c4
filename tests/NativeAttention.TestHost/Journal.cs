namespace NativeAttention.TestHost;

/// <summary>
/// What happened to every test of a suite: a file that a child appends to and its parent reads, so that nothing
/// is lost when the child is.
/// </summary>
internal sealed class Journal
{
    private const char Separator = '\t';
    private readonly string _path;
    private readonly Dictionary<string, string> _skipped = [];
    private readonly HashSet<string> _running = [], _passed = [], _failed = [], _found = [], _alone = [];

    /// <summary>Opens a journal, and reads what is in it.</summary>
    public Journal(string path)
    {
        _path = path;
        Read();
    }

    public IReadOnlyCollection<string> Running => _running;

    public IReadOnlyCollection<string> Passed => _passed;

    public IReadOnlyCollection<string> Failed => _failed;

    /// <summary>Skipped tests and why.</summary>
    public IReadOnlyDictionary<string, string> Skipped => _skipped;

    /// <summary>Tests that need a process of their own.</summary>
    public IReadOnlyCollection<string> Alone => _alone;

    /// <summary>Tests that were found and have no result.</summary>
    public IEnumerable<string> Missing => _found.Where(test => !IsDone(test));

    /// <summary>Whether the child said that it had come to its end.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether the child stopped because it lost its context.</summary>
    public bool LostContext { get; private set; }

    /// <summary>How many tests have a result: what must grow for another child to make sense.</summary>
    public int Done => _passed.Count + _failed.Count + _skipped.Count;

    public bool IsDone(string test) =>
        _passed.Contains(test) || _failed.Contains(test) || _skipped.ContainsKey(test);

    public void Find(string test) => Write("found", test);

    public void SetAside(string test) => Write("alone", test);

    public void Start(string test) => Write("start", test);

    public void Pass(string test) => Write("pass", test);

    public void Fail(string test) => Write("fail", test);

    public void Skip(string test, string why) => Write("skip", test, OneField(why));

    public void LoseContext() => Write("lost", "");

    public void End() => Write("end", "");

    /// <summary>A text as one field of a line: names of tests may hold anything, their arguments included.</summary>
    public static string OneField(string text) => text.ReplaceLineEndings(" ").Replace(Separator, ' ');

    /// <summary>Reads the file again.</summary>
    public void Read()
    {
        Ended = LostContext = false;
        _running.Clear();
        foreach (string line in File.Exists(_path) ? File.ReadAllLines(_path) : [])
        {
            string[] fields = line.Split(Separator);
            if (fields.Length == 3)
            {
                Apply(fields[0], fields[1], fields[2]);
            }
        }
    }

    /// <summary>Begins the part of the next child, which has not ended and has lost nothing.</summary>
    public void Reopen() => Write("open", "");

    private void Write(string what, string test, string why = "")
    {
        File.AppendAllText(_path, string.Join(Separator, what, test, why) + "\n");
        Apply(what, test, why);
    }

    private void Apply(string what, string test, string why)
    {
        switch (what)
        {
            case "found":
                _found.Add(test);
                break;
            case "alone":
                _alone.Add(test);
                break;
            case "start":
                _running.Add(test);
                break;
            case "pass":
                _passed.Add(test);
                break;
            case "fail":
                _failed.Add(test);
                break;
            case "skip":
                _skipped[test] = why;
                break;
            case "open":
                _running.Clear();
                Ended = LostContext = false;
                break;
            case "lost":
                LostContext = true;
                break;
            case "end":
                Ended = true;
                break;
        }

        if (IsDone(test))
        {
            _running.Remove(test);
        }
    }
}
