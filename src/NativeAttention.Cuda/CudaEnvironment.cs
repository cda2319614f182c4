namespace NativeAttention.Cuda;

/// <summary>
/// The environment variables this assembly reads. Nothing else in it reads the environment.
/// </summary>
internal static class CudaEnvironment
{
    /// <summary>
    /// <c>NATTN_PTX_DIRECTORY</c>: a folder whose <c>.ptx</c> files are used instead of the embedded modules;
    /// null when not set. For trying another compiler's output.
    /// </summary>
    public static string? PtxDirectory
    {
        get
        {
            string? folder = Environment.GetEnvironmentVariable("NATTN_PTX_DIRECTORY");
            return string.IsNullOrWhiteSpace(folder) ? null : folder;
        }
    }
}
