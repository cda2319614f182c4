using System.Globalization;

namespace NativeAttention.Emulation;

/// <summary>What looks wrong in a kernel before it runs. Warnings only: the compiler may have had
/// reasons.</summary>
internal static class KernelLint
{
    private const int RegistersPerSm = 65_536;
    private const int RegistersPerThread = 255;

    /// <summary>The warnings about one kernel.</summary>
    public static IEnumerable<PtxDiagnostic> Check(string text, PtxFunction function, PtxProgram program)
    {
        foreach ((int statement, string register) in program.UndefinedReads)
        {
            yield return program.Warn(statement, $"register '{register}' may be read before it is written");
        }
        int limit = RegisterLimit(function);
        if (program.RegisterEstimate > limit)
        {
            yield return At(text, function.Line, string.Create(CultureInfo.InvariantCulture,
                $"{program.RegisterEstimate} registers live at one point, and a thread can have {limit}: the assembler must reorder or spill"));
        }
        foreach (PtxSymbol local in function.Variables.Where(v => v.Space == PtxSpace.Local))
        {
            yield return At(text, local.Line, string.Create(CultureInfo.InvariantCulture,
                $"{local.Bytes:N0} bytes of local memory per thread, which lie in global memory"));
        }
        foreach (PtxDiagnostic unused in UnusedShared(text, function.Variables, [function]))
        {
            yield return unused;
        }
    }

    /// <summary>Warns of shared variables with a size that none of the functions names.</summary>
    public static IEnumerable<PtxDiagnostic> UnusedShared(string text, IEnumerable<PtxSymbol> variables,
        IReadOnlyList<PtxFunction> functions)
    {
        HashSet<PtxSymbol> used = [.. functions.SelectMany(f => f.Instructions)
            .SelectMany(i => i.Operands.SelectMany(Names).Select(i.Scope.Find)).OfType<PtxSymbol>()];
        return variables.Where(v => v.Space == PtxSpace.Shared && !v.IsExternal && !used.Contains(v))
            .Select(v => At(text, v.Line, string.Create(CultureInfo.InvariantCulture,
                $"{v.Bytes:N0} bytes of shared memory '{v.Name}' that no instruction names")));
    }

    /// <summary>
    /// Registers a thread can have: the largest share of the multiprocessor's that a warpgroup asks for by
    /// setmaxnreg, else that of a block of the declared size.
    /// </summary>
    private static int RegisterLimit(PtxFunction function)
    {
        ulong asked = function.Instructions
            .Where(i => i.Opcode.StartsWith("setmaxnreg", StringComparison.Ordinal))
            .Select(i => i.Operands is [{ Kind: PtxOperandKind.Integer, Bits: ulong bits }] ? bits : 0)
            .DefaultIfEmpty().Max();
        int share = RegistersPerSm / Math.Max(1, function.MaxThreads ?? 1) / 8 * 8;
        return Math.Min(RegistersPerThread, asked > 0 ? (int)asked : share);
    }

    private static IEnumerable<string> Names(PtxOperand operand) =>
        operand.Elements.SelectMany(Names).Append(operand.Name).Where(n => n.Length > 0);

    private static PtxDiagnostic At(string text, int line, string message) =>
        PtxPlace.Of(text, line, PtxPlace.Range(text, line), message) with { IsError = false };
}
