namespace NativeAttention.Emulation;

/// <summary>The functions that a kernel calls, directly or through others. Recursion cannot be, since calls are
/// replaced by the bodies they name.</summary>
internal static class CallGraph
{
    /// <summary>Every function behind the calls of <paramref name="kernel"/>, each once; throws for
    /// recursion.</summary>
    public static List<PtxFunction> Callees(PtxFunction kernel)
    {
        List<PtxFunction> callees = [];
        Visit(kernel, [], callees);
        return callees;
    }

    /// <summary>The function that a call names, or null.</summary>
    public static PtxSymbol? Callee(PtxInstruction call)
    {
        PtxOperand? name = Array.Find(call.Operands, o => o.Kind == PtxOperandKind.Name);
        return name is not null && call.Scope.Find(name.Name) is { Kind: PtxSymbolKind.Function } symbol
            ? symbol : null;
    }

    public static bool IsCall(PtxInstruction instruction) => instruction.Opcode is "call" or "call.uni";

    private static void Visit(PtxFunction function, List<PtxFunction> path, List<PtxFunction> callees)
    {
        path.Add(function);
        foreach (PtxInstruction call in function.Instructions.Where(IsCall))
        {
            if (Callee(call)?.Body is not PtxFunction callee)
            {
                continue;
            }
            if (path.Contains(callee))
            {
                throw new PtxParseException(call.Line,
                    $"unsupported recursion: '{function.Name}' calls '{callee.Name}', which leads to '{callee.Name}' again");
            }
            if (!callees.Contains(callee))
            {
                callees.Add(callee);
                Visit(callee, path, callees);
            }
        }
        path.Remove(function);
    }
}
