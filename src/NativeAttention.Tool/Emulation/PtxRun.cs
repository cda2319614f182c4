using NativeAttention.Emulation;
using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Emulation;

/// <summary>Runs an entry of a PTX text with the same arguments, once per schedule, each on a GPU of its
/// own.</summary>
internal sealed class PtxRun(
    string ptx, string module, EmulateRequest request, IReadOnlyList<BufferFile> files, byte[]? parameters)
{
    /// <summary>Runs one schedule.</summary>
    public ScheduleOutcome Run(EmulatorOptions options)
    {
        using EmulatedGpu gpu = new(options);
        PtxKernel kernel = Entry(gpu.Load(ptx, module), request.Entry);
        Dictionary<BufferSpec, EmulatedBuffer<byte>> buffers = new(ReferenceEqualityComparer.Instance);
        foreach (BufferFile file in files)
        {
            buffers.Add(file.Spec, file.Spec.IsRead
                ? gpu.Upload(file.Content) : gpu.Allocate<byte>(file.Bytes));
        }

        bool byOffset = parameters is not null || request.Arguments.Any(a => a.Offset is not null);
        LaunchResult result = byOffset
            ? gpu.TryLaunch(kernel, request.Grid, request.Block, ParameterBlock(kernel, buffers),
                request.SharedBytes)
            : gpu.TryLaunch(kernel, request.Grid, request.Block,
                [.. request.Arguments.Select(a => Argument(a, buffers))], request.SharedBytes);
        BufferFile[] written = [.. files.Where(f => f.Spec.IsWritten)];
        return new ScheduleOutcome(options, result, [.. written.Select(f => buffers[f.Spec].Read())],
            [.. written.Where(f => !buffers[f.Spec].IsInitialized())]);
    }

    /// <summary>The entry that was asked for, or the only one.</summary>
    /// <exception cref="ToolException">There is no such entry, or a choice between several.</exception>
    public static PtxKernel Entry(PtxModule module, string? name)
    {
        string all = string.Join(", ", module.Kernels.Select(k => k.Name));
        if (name is null)
        {
            return module.Kernels.Count == 1 ? module.Kernels[0] : throw ToolException.BadInput(
                $"--entry is needed: {module.Name} has {(all.Length > 0 ? all : "no entries")}");
        }

        return module.TryGetKernel(name, out PtxKernel? kernel) ? kernel
            : throw ToolException.BadInput($"--entry is '{name}'; {module.Name} has {all}");
    }

    private static PtxArgument Argument(
        ArgumentSpec argument, Dictionary<BufferSpec, EmulatedBuffer<byte>> buffers) =>
        argument is BufferSpec buffer ? buffers[buffer] : ((ScalarSpec)argument).Value;

    // The block of --params, or zeros, with every argument at its offset.
    private byte[] ParameterBlock(PtxKernel kernel, Dictionary<BufferSpec, EmulatedBuffer<byte>> buffers)
    {
        byte[] block = parameters?.ToArray() ?? new byte[kernel.ParameterBytes];
        if (block.Length != kernel.ParameterBytes)
        {
            throw ToolException.BadInput($"--params has {block.Length} bytes; the parameters of "
                + $"{kernel.Name} have {kernel.ParameterBytes}: {kernel}");
        }

        int end = 0;
        foreach (ArgumentSpec argument in request.Arguments.OrderBy(a => a.Offset))
        {
            byte[] value = argument is BufferSpec buffer
                ? BitConverter.GetBytes(buffers[buffer].Address) : ((ScalarSpec)argument).Bytes;
            if (argument.Offset is not int offset)
            {
                throw ToolException.BadInput($"--arg is '{argument.Text}': with --params, or beside arguments at "
                    + "offsets, every argument needs its own, such as in@0:q.npy");
            }

            if (offset < end || offset > block.Length - value.Length)
            {
                throw ToolException.BadInput($"--arg is '{argument.Text}': its {value.Length} bytes at {offset} "
                    + (offset < end ? "overlap another argument"
                        : $"do not lie in the {block.Length} bytes of parameters"));
            }

            value.CopyTo(block, offset);
            end = offset + value.Length;
        }

        return block;
    }
}
