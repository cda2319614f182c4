using System.Diagnostics;
using NativeAttention.Tool.Output;
using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Demo;

/// <summary>
/// Neighborhood attention on a picture: noise is added, and attention takes it away again. Each pixel sees a window
/// around itself.
/// </summary>
internal sealed class MapDemonstration
{
    private const int Window = 13;
    private const float Noise = 0.08f;

    // 2 sigma^2 for each pixel of a patch is what noise alone adds to a distance; the filter's width is near it.
    private const float Scale = 1 / (0.6f * 2 * Noise * Noise * (PatchTokens.HeadDim - 1));

    // Float32 scores of magnitude 2^10 or so carry an error of 2^-13; levels lie between 0 and 1.
    private const double Bound = 1e-3;

    private readonly GrayPicture _clean;
    private readonly PatchTokens _tokens;
    private readonly NeighborhoodProblem _problem;

    /// <summary>Adds noise to a picture.</summary>
    public MapDemonstration(GrayPicture clean, int seed)
    {
        _clean = clean;
        Noisy = new GrayPicture(clean.Height, clean.Width, AddNoise(clean.Levels, seed));
        _tokens = new PatchTokens(Noisy);
        _problem = NeighborhoodProblem.Create(ElementType.Float32,
            new NeighborhoodShape(1, new GridShape(clean.Height, clean.Width), 1, 1, PatchTokens.HeadDim, 1),
            new NeighborhoodOptions(NeighborhoodPattern.Windows(Window, Window)) { Scale = Scale, ClampWindow = true });
    }

    /// <summary>The picture with noise.</summary>
    public GrayPicture Noisy { get; }

    /// <summary>The result of the last run.</summary>
    public GrayPicture? Filtered { get; private set; }

    /// <summary>Runs it on a device; null when the device has no neighborhood attention.</summary>
    public PictureDocument? Run(AttentionBackend backend)
    {
        if (!backend.CanRun(_problem, out _))
        {
            return null;
        }

        float[] output = new float[_clean.Levels.Length], lse = new float[output.Length];
        using HostNeighborhoodPlan<float> plan = backend.PlanNeighborhood<float>(_problem);
        long start = Stopwatch.GetTimestamp();
        plan.Run(_tokens.Query, _tokens.Key, Noisy.Levels, output, lse);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        Filtered = new GrayPicture(_clean.Height, _clean.Width, output);
        double error = LargestError(output);
        return new PictureDocument(backend.Name, plan.KernelName, _clean.Height, _clean.Width, Window,
            time.TotalMilliseconds, SignalToNoise(Noisy.Levels), SignalToNoise(output), error, Bound, error <= Bound);
    }

    /// <summary>The weights of one pixel's window, row by row, straight from the definition.</summary>
    public double[,] Weights(int y, int x)
    {
        (int top, int rows) = Of(y, _clean.Height);
        (int left, int columns) = Of(x, _clean.Width);
        double[,] weights = new double[rows, columns];
        double sum = 0, most = double.NegativeInfinity;
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < rows * columns; i++)
            {
                double score = Score(y, x, top + (i / columns), left + (i % columns));
                most = pass == 0 ? Math.Max(most, score) : most;
                weights[i / columns, i % columns] = pass == 0 ? 0 : Math.Exp(score - most);
                sum += weights[i / columns, i % columns];
            }
        }

        for (int i = 0; i < rows * columns; i++)
        {
            weights[i / columns, i % columns] /= sum;
        }

        return weights;
    }

    /// <summary>Where the window of a coordinate begins and how long it is: shifted inside at borders.</summary>
    public static (int Begin, int Length) Of(int coordinate, int extent)
    {
        int window = Math.Min(Window, extent);
        return (Math.Clamp(coordinate - (window / 2), 0, extent - window), window);
    }

    private double Score(int y, int x, int keyY, int keyX)
    {
        int q = ((y * _clean.Width) + x) * PatchTokens.HeadDim, k = ((keyY * _clean.Width) + keyX) * PatchTokens.HeadDim;
        double dot = 0;
        for (int d = 0; d < PatchTokens.HeadDim; d++)
        {
            dot += (double)_tokens.Query[q + d] * _tokens.Key[k + d];
        }

        return Scale * dot;
    }

    private double LargestError(float[] output)
    {
        double largest = 0;
        for (int y = 0; y < _clean.Height; y++)
        {
            int top = Of(y, _clean.Height).Begin;
            for (int x = 0; x < _clean.Width; x++)
            {
                int left = Of(x, _clean.Width).Begin;
                double[,] weights = Weights(y, x);
                double level = 0;
                for (int i = 0; i < weights.Length; i++)
                {
                    (int row, int column) = Math.DivRem(i, weights.GetLength(1));
                    level += weights[row, column] * Noisy.Levels[((top + row) * _clean.Width) + left + column];
                }

                double error = Math.Abs(output[(y * _clean.Width) + x] - level);
                largest = double.IsNaN(error) ? error : Math.Max(largest, error);
            }
        }

        return largest;
    }

    // Peak signal to noise ratio against the clean picture, in dB.
    private double SignalToNoise(float[] levels)
    {
        double sum = 0;
        for (int i = 0; i < levels.Length; i++)
        {
            double difference = levels[i] - _clean.Levels[i];
            sum += difference * difference;
        }

        return -10 * Math.Log10(sum / levels.Length);
    }

    private static float[] AddNoise(float[] levels, int seed)
    {
        double[] normal = LogicalTensor.Random(ElementType.Float32, levels.Length, new Random(seed));
        float[] noisy = new float[levels.Length];
        for (int i = 0; i < noisy.Length; i++)
        {
            noisy[i] = levels[i] + (float)(Noise * normal[i]);
        }

        return noisy;
    }
}
