using NativeAttention.Tool.Files;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Commands.Run;

/// <summary>The files that a run writes: checked before anything is computed, and written together.</summary>
internal sealed class RunOutputs
{
    private readonly Dictionary<string, string> _paths = [];
    private readonly List<Action<OutputFiles>> _staged = [];

    /// <summary>
    /// Everything about the outputs that can be known beforehand: nobody wants to wait for a refusal.
    /// </summary>
    public RunOutputs(RunRequest request)
    {
        foreach (OptionFile output in request.Outputs)
        {
            string path = OutputPath.Resolve(output.Option, output.Path);
            OptionFile[] earlier = [.. request.Outputs.Where(o => _paths.ContainsKey(o.Option))];
            foreach (OptionFile other in request.Inputs.Concat(earlier))
            {
                OutputPath.RequireDistinct(output.Option, path, other.Option, other.Path);
            }

            _paths.Add(output.Option, path);
        }
    }

    /// <summary>Adds what an option's file is to hold; nothing when the option was not given.</summary>
    public void Add(string option, long[] shape, Array values)
    {
        if (_paths.TryGetValue(option, out string? path))
        {
            _staged.Add(files => files.Stage(path, stream => Write(stream, shape, values)));
        }
    }

    /// <summary>Writes all files, or none.</summary>
    public void Save()
    {
        using OutputFiles files = new();
        foreach (Action<OutputFiles> stage in _staged)
        {
            stage(files);
        }

        files.Commit();
    }

    private static void Write(Stream stream, long[] shape, Array values)
    {
        if (values is Half[] half)
        {
            NpyWriter.Write<Half>(stream, half, shape);
        }
        else
        {
            NpyWriter.Write<float>(stream, (float[])values, shape);
        }
    }
}
