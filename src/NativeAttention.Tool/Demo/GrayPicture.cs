using System.Globalization;
using System.Text;
using NativeAttention.Tool.App;

namespace NativeAttention.Tool.Demo;

/// <summary>A picture of grey levels from 0 to 1, row by row.</summary>
internal sealed class GrayPicture
{
    private const int MostPixels = 1 << 20;

    public GrayPicture(int height, int width, float[] levels)
    {
        (Height, Width, Levels) = (height, width, levels);
    }

    public int Height { get; }

    public int Width { get; }

    public float[] Levels { get; }

    /// <summary>
    /// The picture that comes with the tool: "Camera" by Lav Varshney, dedicated to the public domain (CC0 1.0), 64 x 64
    /// averages of it.
    /// </summary>
    public static GrayPicture Camera()
    {
        using Stream stream = typeof(GrayPicture).Assembly.GetManifestResourceStream("camera.pgm")
            ?? throw new InvalidOperationException("The assembly lacks camera.pgm.");
        return Read("camera.pgm", stream);
    }

    /// <summary>Reads a binary PGM or PPM file of 8 bits; of colours the luma is taken (Rec. 601).</summary>
    /// <exception cref="ToolException">It cannot be read, or is another kind of file.</exception>
    public static GrayPicture Read(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Read(path, stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ToolException.BadInput($"--picture {path}: cannot be read: {e.Message}", e);
        }
    }

    private static GrayPicture Read(string name, Stream stream)
    {
        string magic = Token(stream);
        int channels = magic switch
        {
            "P5" => 1,
            "P6" => 3,
            _ => throw ToolException.BadInput($"--picture {name}: begins with '{magic}'; allowed are binary PGM (P5) and "
                + "PPM (P6) files, which every image program writes"),
        };
        int width = Number(name, stream), height = Number(name, stream), most = Number(name, stream);
        if (most != byte.MaxValue || (long)width * height is < 1 or > MostPixels)
        {
            throw ToolException.BadInput($"--picture {name}: {width} x {height} with levels up to {most}; allowed are 1 to "
                + $"{MostPixels} pixels with levels up to 255");
        }

        byte[] bytes = new byte[width * height * channels];
        int read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length)
        {
            throw ToolException.BadInput($"--picture {name}: ends after {read} of {bytes.Length} bytes of pixels");
        }

        float[] levels = new float[width * height];
        for (int i = 0; i < levels.Length; i++)
        {
            levels[i] = channels == 1
                ? bytes[i] / 255f
                : ((0.299f * bytes[3 * i]) + (0.587f * bytes[(3 * i) + 1]) + (0.114f * bytes[(3 * i) + 2])) / 255f;
        }

        return new GrayPicture(height, width, levels);
    }

    private static int Number(string name, Stream stream)
    {
        string text = Token(stream);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw ToolException.BadInput($"--picture {name}: '{text}' stands where a number belongs");
    }

    // The next word; comments run from # to the end of the line, and one blank ends a word.
    private static string Token(Stream stream)
    {
        StringBuilder word = new();
        while (word.Length < 16)
        {
            int c = stream.ReadByte();
            if (c == '#' && word.Length == 0)
            {
                while (c is not ('\n' or -1))
                {
                    c = stream.ReadByte();
                }
            }
            else if (c < 0 || char.IsWhiteSpace((char)c))
            {
                if (word.Length > 0 || c < 0)
                {
                    break;
                }
            }
            else
            {
                word.Append((char)c);
            }
        }

        return word.ToString();
    }
}
