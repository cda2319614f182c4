using System.IO.Compression;
using System.Text;

namespace NativeAttention.Cuda;

/// <summary>
/// Where PTX comes from: the archive in this assembly, or a folder that the environment names.
/// </summary>
internal static class PtxSource
{
    private const string Archive = "NativeAttention.Cuda.kernels.zip";

    /// <summary>Whether there is any PTX to load.</summary>
    public static bool IsAvailable => CudaEnvironment.PtxDirectory is not null
        || typeof(PtxSource).Assembly.GetManifestResourceInfo(Archive) is not null;

    /// <summary>For people: where modules come from.</summary>
    public static string Description => CudaEnvironment.PtxDirectory is string folder
        ? $"NATTN_PTX_DIRECTORY={folder}"
        : "the embedded archive";

    /// <summary>The text of a module.</summary>
    /// <param name="module">Its name in the manifest.</param>
    /// <exception cref="FileNotFoundException">The module is not there; the message says where it was looked
    /// for.</exception>
    public static string ReadText(string module) => Encoding.UTF8.GetString(ReadBytes(module));

    /// <summary>A module as the driver takes it: text and a NUL.</summary>
    /// <param name="module">Its name in the manifest.</param>
    /// <exception cref="FileNotFoundException">The module is not there; the message says where it was looked
    /// for.</exception>
    public static byte[] ReadImage(string module) => [.. ReadBytes(module), 0];

    private static byte[] ReadBytes(string module)
    {
        string file = module + ".ptx";
        return CudaEnvironment.PtxDirectory is string folder ? ReadFile(folder, file) : ReadEmbedded(file);
    }

    private static byte[] ReadFile(string folder, string file)
    {
        string path = Path.Combine(folder, file);
        return File.Exists(path)
            ? File.ReadAllBytes(path)
            : throw new FileNotFoundException(
                $"NATTN_PTX_DIRECTORY is '{folder}', but there is no '{file}' in it.", path);
    }

    private static byte[] ReadEmbedded(string file)
    {
        using Stream archive = typeof(PtxSource).Assembly.GetManifestResourceStream(Archive)
            ?? throw new FileNotFoundException(
                "NativeAttention.Cuda was built without its kernels; ./build.sh build builds it with them.",
                Archive);
        using ZipArchive zip = new(archive, ZipArchiveMode.Read);
        ZipArchiveEntry entry = zip.GetEntry(file)
            ?? throw new FileNotFoundException($"The embedded kernels have no '{file}'.", file);
        using Stream text = entry.Open();
        byte[] bytes = new byte[entry.Length];
        text.ReadExactly(bytes);
        return bytes;
    }
}
