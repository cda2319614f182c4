using NativeAttention.Bindings;

namespace NativeAttention.Emulation;

// Modules and launches.
internal sealed unsafe partial class EmulatedContext
{
    internal EmulatedModule LoadModule(void* image, JitLogs logs)
    {
        try
        {
            PtxImage ptx = PtxImage.Read(image, Device);
            if (!PtxModule.TryLoad(
                ptx.Text, ptx.Name, Device.Options, Memory, out PtxModule? module, out string log))
            {
                throw new DriverFailure(CudaResult.InvalidPtx, log);
            }

            logs.WriteInfo(log);
            EmulatedModule loaded = new(this, module);
            Register(loaded);
            return loaded;
        }
        catch (DriverFailure failure)
        {
            logs.WriteError(failure.Finding ?? "");
            throw;
        }
    }

    internal void UnloadModule(EmulatedModule module)
    {
        Unregister(module);
        module.Forget();
        module.Module.Unload(Memory);
    }

    internal void Launch(
        EmulatedStream stream,
        EmulatedFunction function,
        in LaunchShape shape,
        void** parameters,
        void** extra)
    {
        bool runsNow = IsEager && stream.Capture is null;
        LaunchRequest request = runsNow
            ? function.Reuse(shape, out Span<byte> block)
            : function.Create(shape, out block);
        LaunchArguments.Pack(function, parameters, extra, block);
        Operation operation = new()
        {
            Kind = OperationKind.Launch,
            Call = "cuLaunchKernel",
            Function = function,
            Request = request,
        };
        Issue(stream, ref operation);
    }
}
