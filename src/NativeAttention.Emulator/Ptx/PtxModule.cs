using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>A PTX module, parsed, checked and decoded; its global variables live in the device memory it was
/// loaded into.</summary>
public sealed class PtxModule
{
    private readonly Dictionary<string, PtxKernel> _kernels;
    private readonly Dictionary<string, (ulong Address, long Bytes)> _globals;

    private PtxModule(
        string name, PtxParser parser, List<PtxKernel> kernels,
        Dictionary<string, (ulong Address, long Bytes)> globals)
    {
        Name = name;
        PtxVersion = parser.Version;
        Target = parser.Target;
        Kernels = kernels;
        _kernels = kernels.ToDictionary(k => k.Name, StringComparer.Ordinal);
        _globals = globals;
    }

    /// <summary>Name used in messages.</summary>
    public string Name { get; }

    /// <summary>The text after <c>.version</c>.</summary>
    public string PtxVersion { get; }

    /// <summary>The text after <c>.target</c>.</summary>
    public string Target { get; }

    /// <summary>Every entry point, in the order of the text.</summary>
    public IReadOnlyList<PtxKernel> Kernels { get; }

    /// <summary>
    /// What looks wrong without being an error: registers that may be read before they are written, more
    /// registers than a thread can have, local memory, shared memory that nothing uses.
    /// </summary>
    public IReadOnlyList<PtxDiagnostic> Warnings { get; private init; } = [];

    /// <summary>The entry point of a name.</summary>
    /// <param name="name">Its exact name.</param>
    /// <exception cref="ArgumentException">The module has no such entry; the message lists those it
    /// has.</exception>
    public PtxKernel Kernel(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TryGetKernel(name, out PtxKernel? kernel) ? kernel : throw new ArgumentException(
            $"Module '{Name}' has no entry '{name}'; it has {string.Join(", ", Kernels.Select(k => k.Name))}.",
            nameof(name));
    }

    /// <summary>Finds an entry point by its exact name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="kernel">The entry, or null.</param>
    public bool TryGetKernel(string name, [NotNullWhen(true)] out PtxKernel? kernel) =>
        _kernels.TryGetValue(name, out kernel);

    /// <summary>
    /// Loads PTX text. On failure <paramref name="errors"/> names every offending statement; on success it is
    /// empty.
    /// </summary>
    internal static bool TryLoad(
        string ptxText,
        string name,
        EmulatorOptions options,
        DeviceMemory memory,
        [NotNullWhen(true)] out PtxModule? module,
        out IReadOnlyList<PtxDiagnostic> errors)
    {
        PtxParser parser = PtxParser.Parse(ptxText);
        CheckTarget(parser, options);
        Dictionary<string, (ulong Address, long Bytes)> globals = new(StringComparer.Ordinal);
        List<PtxKernel> kernels = [];
        List<PtxDiagnostic> warnings = [];
        if (PlaceGlobals(parser, memory, globals))
        {
            foreach (PtxFunction function in parser.Functions)
            {
                PtxKernel? kernel = DecodeKernel(ptxText, name, parser, function, memory);
                if (kernel is not null)
                {
                    kernels.Add(kernel);
                    warnings.AddRange(KernelLint.Check(ptxText, function, kernel.Program)
                        .Select(w => w with { Kernel = kernel.Name }));
                }
            }
        }
        errors = parser.Errors.Sorted(name);
        if (errors.Count > 0)
        {
            Free(memory, globals);
            module = null;
            return false;
        }
        warnings.AddRange(KernelLint.UnusedShared(ptxText, parser.Variables, parser.Functions));
        module = new PtxModule(name, parser, kernels, globals)
        {
            Warnings = [.. warnings.OrderBy(w => w.Line).Select(w => w with { Module = name })],
        };
        return true;
    }

    /// <summary>Loads PTX text; the errors as the lines of a log.</summary>
    internal static bool TryLoad(
        string ptxText,
        string name,
        EmulatorOptions options,
        DeviceMemory memory,
        [NotNullWhen(true)] out PtxModule? module,
        out string log)
    {
        bool isLoaded = TryLoad(
            ptxText, name, options, memory, out module, out IReadOnlyList<PtxDiagnostic> errors);
        log = string.Concat(errors.Select(
            e => string.Create(CultureInfo.InvariantCulture, $"{name}.ptx({e.Line}): {e.Message}\n")));
        return isLoaded;
    }

    /// <summary>Finds a module-level <c>.global</c> or <c>.const</c> variable.</summary>
    internal bool TryGetGlobal(string name, out ulong address, out long bytes)
    {
        bool isFound = _globals.TryGetValue(name, out (ulong Address, long Bytes) global);
        (address, bytes) = global;
        return isFound;
    }

    /// <summary>Frees the global variables of the module.</summary>
    internal void Unload(DeviceMemory memory)
    {
        Free(memory, _globals);
        _globals.Clear();
    }

    private static void Free(DeviceMemory memory, Dictionary<string, (ulong Address, long Bytes)> globals)
    {
        foreach ((ulong address, long _) in globals.Values)
        {
            memory.TryFree(address, out _);
        }
    }

    private static void CheckTarget(PtxParser parser, EmulatorOptions options)
    {
        if (parser.Target.Length == 0)
        {
            return;
        }
        bool isSpecific = parser.Target.EndsWith('a');
        bool fits = isSpecific ? parser.Target == options.Target : Architecture(parser.Target) is int wanted
            && wanted <= Architecture(options.Target);
        if (!fits)
        {
            parser.Errors.Add(1,
                $"the module is for {parser.Target}, which a device of {options.Target} cannot run");
        }
    }

    private static int? Architecture(string target)
    {
        return target.StartsWith("sm_", StringComparison.Ordinal)
            && int.TryParse(target.AsSpan(3).TrimEnd('a'), NumberStyles.None, CultureInfo.InvariantCulture,
                out int number) ? number : null;
    }

    private static unsafe bool PlaceGlobals(
        PtxParser parser,
        DeviceMemory memory,
        Dictionary<string, (ulong Address, long Bytes)> globals)
    {
        foreach (PtxSymbol variable in parser.Variables.Where(
            v => v.Space is PtxSpace.Global or PtxSpace.Constant))
        {
            if (!memory.TryAllocate(variable.Bytes, out ulong address))
            {
                parser.Errors.Add(
                    variable.Line, $"no memory for the {variable.Bytes} bytes of '{variable.Name}'");
                return false;
            }
            // Variables without an initialiser are zero.
            Span<byte> target = new((void*)address, (int)variable.Bytes);
            target.Clear();
            variable.Initializer?.CopyTo(target);
            memory.MarkInitialized(address, variable.Bytes);
            variable.Address = address;
            globals.Add(variable.Name, (address, variable.Bytes));
        }
        return true;
    }

    private static PtxKernel? DecodeKernel(
        string text, string name, PtxParser parser, PtxFunction function, DeviceMemory memory)
    {
        List<PtxFunction> callees;
        try
        {
            callees = CallGraph.Callees(function);
        }
        catch (PtxParseException problem)
        {
            parser.Errors.Add(problem.Line, problem.Message);
            return null;
        }
        List<PtxSymbol> variables = [.. function.Variables, .. callees.SelectMany(f => f.Variables)];
        int sharedBytes = PlaceShared(parser.Variables, variables);
        int localBytes = PlaceLocal(variables);
        PtxProgram? program = KernelDecoder.Decode(name, text, function, callees, parser.Errors);
        return program is null ? null : new PtxKernel(function, program)
        {
            StaticSharedBytes = sharedBytes,
            LocalBytes = localBytes,
            Memory = memory,
        };
    }

    /// <summary>
    /// Places shared variables in the order of their declaration, module-level ones first, and external
    /// arrays together after them. Returns the bytes before the dynamic part.
    /// </summary>
    private static int PlaceShared(List<PtxSymbol> outside, List<PtxSymbol> inside)
    {
        List<PtxSymbol> all =
            [.. outside.Concat(inside).Where(v => v.Space == PtxSpace.Shared)];
        ulong next = SharedLayout.FirstOffset;
        foreach (PtxSymbol variable in all.Where(v => !v.IsExternal))
        {
            next = RoundUp(next, variable.Alignment);
            variable.Address = next;
            next += (ulong)variable.Bytes;
        }
        List<PtxSymbol> dynamic = [.. all.Where(v => v.IsExternal)];
        if (dynamic.Count > 0)
        {
            next = RoundUp(next, dynamic.Max(v => v.Alignment));
            dynamic.ForEach(v => v.Address = next);
        }
        return (int)(next - SharedLayout.FirstOffset);
    }

    private static int PlaceLocal(List<PtxSymbol> variables)
    {
        ulong next = 0;
        foreach (PtxSymbol variable in variables.Where(v => v.Space == PtxSpace.Local))
        {
            next = RoundUp(next, variable.Alignment);
            variable.Address = next;
            next += (ulong)variable.Bytes;
        }
        return (int)RoundUp(next, 16);
    }

    private static ulong RoundUp(ulong value, int alignment) =>
        (value + (ulong)alignment - 1) & ~((ulong)alignment - 1);
}
