using NUnit.Framework.Interfaces;

namespace NativeAttention.TestHost;

/// <summary>The tests of a loaded suite, each with a name of its own, and those of them that shall run.</summary>
internal sealed class TestList : ITestFilter
{
    // Of the attribute with this name; such a test is the last one of its process.
    private const string LosesContext = "LosesContext";

    private readonly string _filter;
    private readonly Dictionary<string, string> _names = [];
    private readonly HashSet<string> _alone = [];
    private HashSet<string> _chosen = [];

    public TestList(ITest suite, string filter)
    {
        _filter = filter;
        Dictionary<string, int> seen = [];
        foreach (ITest test in Leaves(suite))
        {
            string name = Journal.OneField(test.FullName);
            seen[name] = seen.GetValueOrDefault(name) + 1;
            if (!name.Contains(filter, StringComparison.Ordinal))
            {
                continue;
            }

            _names[test.Id] = seen[name] == 1 ? name : $"{name} #{seen[name]}";
            if (Categories(test).Contains(LosesContext))
            {
                _alone.Add(_names[test.Id]);
            }
        }
    }

    /// <summary>Every test.</summary>
    public IEnumerable<string> All => _names.Values;

    /// <summary>Tests that need a process of their own.</summary>
    public IReadOnlySet<string> Alone => _alone;

    /// <summary>The name of a test; null when it is not one of these.</summary>
    public string? NameOf(ITest test) => _names.GetValueOrDefault(test.Id);

    /// <summary>Sets what shall run.</summary>
    public void Choose(Func<string, bool> wanted) =>
        _chosen = [.. _names.Where(pair => wanted(pair.Value)).Select(pair => pair.Key)];

    public bool Pass(ITest test) => test.IsSuite ? test.Tests.Any(Pass) : _chosen.Contains(test.Id);

    // Asked for by name: explicit tests run, and so do those of an explicit fixture.
    public bool IsExplicitMatch(ITest test) => _filter.Length > 0 && Pass(test);

    public TNode ToXml(bool recursive) => throw new NotSupportedException();

    public TNode AddToXml(TNode parentNode, bool recursive) => throw new NotSupportedException();

    private static IEnumerable<ITest> Leaves(ITest test) =>
        test.IsSuite ? test.Tests.SelectMany(Leaves) : [test];

    private static IEnumerable<object?> Categories(ITest? test)
    {
        for (; test is not null; test = test.Parent)
        {
            foreach (object? category in test.Properties["Category"])
            {
                yield return category;
            }
        }
    }
}
