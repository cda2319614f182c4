namespace NativeAttention.Tool.Demo;

/// <summary>Pictures as text: darker levels are thinner characters.</summary>
internal static class PictureText
{
    private const string Ramp = " .:-=+*#%@";
    private const int MostColumns = 64;

    /// <summary>
    /// A picture with the window of one of its pixels framed, and the weights of that window beside it.
    /// </summary>
    public static void Write(TextWriter writer, GrayPicture picture, MapDemonstration demonstration, int y, int x)
    {
        string[] left = [.. Rows(picture, y, x)], right = [.. Rows(demonstration.Weights(y, x))];
        int begin = Math.Max(0, (left.Length - right.Length) / 2);
        for (int row = 0; row < Math.Max(left.Length, begin + right.Length); row++)
        {
            string weights = row >= begin && row - begin < right.Length ? right[row - begin] : "";
            writer.WriteLine($"  {(row < left.Length ? left[row] : new string(' ', left[0].Length))}    {weights}".TrimEnd());
        }
    }

    // Two rows of pixels make a row of text, whose characters are twice as high as wide.
    private static IEnumerable<string> Rows(GrayPicture picture, int y, int x)
    {
        int step = Math.Max(1, (picture.Width + MostColumns - 1) / MostColumns);
        (int top, int height) = MapDemonstration.Of(y, picture.Height);
        (int left, int width) = MapDemonstration.Of(x, picture.Width);
        for (int row = 0; row < picture.Height; row += 2 * step)
        {
            char[] line = new char[(picture.Width + step - 1) / step];
            for (int c = 0; c < line.Length; c++)
            {
                line[c] = Shade(Average(picture, row, c * step, 2 * step, step));
            }

            if (row + (2 * step) > top && row < top + height)
            {
                line[Math.Max(0, (left / step) - 1)] = '[';
                line[Math.Min(line.Length - 1, (left + width) / step)] = ']';
            }

            yield return new string(line);
        }
    }

    private static IEnumerable<string> Rows(double[,] weights)
    {
        double most = 0;
        foreach (double weight in weights)
        {
            most = Math.Max(most, weight);
        }

        for (int row = 0; row < weights.GetLength(0); row++)
        {
            char[] line = new char[2 * weights.GetLength(1)];
            for (int c = 0; c < line.Length; c++)
            {
                line[c] = Shade(Math.Sqrt(weights[row, c / 2] / most)); // the pixel itself outweighs all others
            }

            yield return new string(line);
        }
    }

    private static double Average(GrayPicture picture, int row, int column, int rows, int columns)
    {
        double sum = 0;
        int count = 0;
        for (int y = row; y < Math.Min(row + rows, picture.Height); y++)
        {
            for (int x = column; x < Math.Min(column + columns, picture.Width); x++, count++)
            {
                sum += picture.Levels[(y * picture.Width) + x];
            }
        }

        return sum / count;
    }

    private static char Shade(double level) =>
        double.IsNaN(level) ? '?' : Ramp[(int)Math.Clamp(level * Ramp.Length, 0, Ramp.Length - 1)];
}
