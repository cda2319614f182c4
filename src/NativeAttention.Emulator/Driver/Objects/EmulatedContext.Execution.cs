using System.Diagnostics;
using System.Runtime.InteropServices;
using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// What the operations of streams do when their turn comes. A failure here spoils the context.
internal sealed unsafe partial class EmulatedContext
{
    private void Execute(ref Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Launch:
                Launch(ref operation);
                break;
            case OperationKind.CopyToDevice:
                RequireHost(ref operation, operation.Source);
                RequireDevice(ref operation, operation.Destination, operation.Count);
                CopyToDevice(operation.Destination, (void*)operation.Source, operation.Count);
                break;
            case OperationKind.CopyToHost:
                RequireHost(ref operation, operation.Destination);
                RequireDevice(ref operation, operation.Source, operation.Count);
                CopyToHost((void*)operation.Destination, operation.Source, operation.Count);
                break;
            case OperationKind.CopyOnDevice:
                RequireDevice(ref operation, operation.Source, operation.Count);
                RequireDevice(ref operation, operation.Destination, operation.Count);
                CopyOnDevice(operation.Destination, operation.Source, operation.Count);
                break;
            case OperationKind.FillBytes:
                RequireDevice(ref operation, operation.Destination, operation.Count);
                FillBytes(operation.Destination, (byte)operation.Value, operation.Count);
                break;
            case OperationKind.FillWords:
                RequireDevice(ref operation, operation.Destination, operation.Count * sizeof(uint));
                FillWords(operation.Destination, operation.Value, operation.Count);
                break;
            case OperationKind.Free:
                Release(operation.Destination);
                break;
            case OperationKind.HostFunction:
                HostFunction.Call((nint)operation.Source, (nint)operation.Count);
                break;
            case OperationKind.Record:
                operation.Fence!.Complete(Stopwatch.GetTimestamp());
                break;
            case OperationKind.Wait:
                RunThrough(operation.Fence!.Stream, operation.Fence.Id);
                break;
            case OperationKind.Graph:
                ExecuteAll(operation.Operations!);
                break;
            default:
                throw new UnreachableException();
        }
    }

    internal void CopyToDevice(ulong destination, void* source, long bytes)
    {
        NativeMemory.Copy(source, (void*)destination, (nuint)bytes);
        Memory.MarkInitialized(destination, bytes);
    }

    internal static void CopyToHost(void* destination, ulong source, long bytes)
    {
        NativeMemory.Copy((void*)source, destination, (nuint)bytes);
    }

    internal void CopyOnDevice(ulong destination, ulong source, long bytes)
    {
        NativeMemory.Copy((void*)source, (void*)destination, (nuint)bytes);
        Memory.CopyInitialization(source, destination, bytes);
    }

    internal void FillBytes(ulong destination, byte value, long bytes)
    {
        NativeMemory.Fill((void*)destination, (nuint)bytes, value);
        Memory.MarkInitialized(destination, bytes);
    }

    private void FillWords(ulong destination, uint value, long words)
    {
        uint* first = (uint*)destination;
        for (long i = 0; i < words; i++)
        {
            first[i] = value;
        }

        Memory.MarkInitialized(destination, words * sizeof(uint));
    }

    private void ExecuteAll(Operation[] operations)
    {
        for (int i = 0; i < operations.Length; i++)
        {
            Execute(ref operations[i]);
        }
    }

    private void Launch(ref Operation operation)
    {
        EmulatedFunction function = operation.Function!;
        EmulatorFault? fault = function.Module.IsUnloaded
            ? HostFault(
                ref operation,
                EmulatorFaultKind.LaunchMisuse,
                $"the module of '{function.Kernel.Name}' was unloaded before the launch ran")
            : KernelRunner.Run(Memory, Device.Observe(operation.Request!), Device.Options, counters: null);
        if (fault is not null)
        {
            throw Spoil(CodeOf(fault.Kind), fault);
        }
    }

    private void RequireDevice(ref Operation operation, ulong pointer, long bytes)
    {
        if (!Memory.TryCheckHostAccess(pointer, bytes, out string? problem))
        {
            EmulatorFaultKind kind = Memory.IsFreed(pointer)
                ? EmulatorFaultKind.UseAfterFree
                : EmulatorFaultKind.GlobalOutOfBounds;
            throw Spoil(CudaResult.IllegalAddress, HostFault(ref operation, kind, problem));
        }
    }

    private void RequireHost(ref Operation operation, ulong pointer)
    {
        foreach (PinnedRange freed in _retired)
        {
            if (freed.Overlaps(pointer, pointer + (ulong)operation.Count))
            {
                string problem = FormattableString.Invariant(
                    $"page-locked host memory at 0x{pointer:x} was freed before the copy ran");
                throw Spoil(
                    CudaResult.IllegalAddress,
                    HostFault(ref operation, EmulatorFaultKind.UseAfterFree, problem));
            }
        }
    }

    private static EmulatorFault HostFault(ref Operation operation, EmulatorFaultKind kind, string message)
    {
        return new EmulatorFault
        {
            Kind = kind,
            Kernel = operation.Function?.Kernel.Name ?? operation.Call,
            Message = message,
        };
    }

    /// <summary>The code that a GPU gives for a fault, or the nearest one.</summary>
    private static CudaResult CodeOf(EmulatorFaultKind kind)
    {
        return kind switch
        {
            EmulatorFaultKind.GlobalOutOfBounds
                or EmulatorFaultKind.UseAfterFree
                or EmulatorFaultKind.SharedOutOfBounds
                or EmulatorFaultKind.LocalOutOfBounds
                or EmulatorFaultKind.ParameterOutOfBounds => CudaResult.IllegalAddress,
            EmulatorFaultKind.MisalignedAddress => CudaResult.MisalignedAddress,
            EmulatorFaultKind.Deadlock
                or EmulatorFaultKind.Livelock
                or EmulatorFaultKind.InstructionLimit => CudaResult.LaunchTimeout,
            _ => CudaResult.LaunchFailed,
        };
    }
}
