using System.Runtime.Intrinsics;

namespace NativeAttention.Benchmarks.Engine;

/// <summary>
/// What a child process does: every case in turn, several rounds, times to its parent. The width of vectors
/// is chosen when a process starts, so each width is one.
/// </summary>
internal static class EngineChild
{
    private const int Warmups = 3;

    /// <summary>The widest vectors this process has.</summary>
    public static string Vectors =>
        Vector512.IsHardwareAccelerated ? "avx512" : Vector256.IsHardwareAccelerated ? "avx2" : "none";

    /// <summary>Measures; one line of text for every time: index of the case, seconds.</summary>
    public static void Run(TextWriter output, IEnumerable<EngineCase> cases, int rounds)
    {
        output.WriteLine($"vectors {Vectors}");
        EngineBody[] bodies = [.. cases.Select(c => new EngineBody(c))];
        for (int round = 0; round < Warmups + rounds; round++)
        {
            for (int i = 0; i < bodies.Length; i++)
            {
                double seconds = bodies[i].Run();
                if (round >= Warmups)
                {
                    output.WriteLine($"{i} {seconds:R}");
                }
            }
        }

        foreach (EngineBody body in bodies)
        {
            body.Dispose();
        }
    }
}
