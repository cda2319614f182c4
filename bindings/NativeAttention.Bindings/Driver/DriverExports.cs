namespace NativeAttention.Bindings;

/// <summary>Looks exports up by name and remembers which required ones were not there.</summary>
internal sealed class DriverExports(Func<string, nint> find)
{
    private readonly List<string> _missing = [];

    /// <summary>Required exports that were not found, in the order they were asked for.</summary>
    internal IReadOnlyList<string> Missing => _missing;

    /// <summary>Address of an export that the library cannot work without; 0 and noted when absent.</summary>
    internal nint Required(string name)
    {
        nint address = find(name);
        if (address == 0)
        {
            _missing.Add(name);
        }

        return address;
    }

    /// <summary>Address of an export that only gates a capability; 0 when absent.</summary>
    internal nint Optional(string name)
    {
        return find(name);
    }
}
