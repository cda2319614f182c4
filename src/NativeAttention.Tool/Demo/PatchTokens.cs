namespace NativeAttention.Tool.Demo;

/// <summary>
/// A picture as tokens whose attention is the non-local means filter (Buades, Coll and Morel, CVPR 2005): the value of
/// a pixel is its grey level, and the score of two pixels is minus the squared distance of the patches around them, up
/// to what is the same for all keys of a query: 2 p.q - |q|^2.
/// </summary>
internal sealed class PatchTokens
{
    private const int Reach = 2;
    private const int Side = (2 * Reach) + 1;

    /// <summary>Head dim: a patch, and one entry for its norm.</summary>
    public const int HeadDim = (Side * Side) + 1;

    /// <summary>Makes tokens of a picture.</summary>
    public PatchTokens(GrayPicture picture)
    {
        int pixels = picture.Height * picture.Width;
        Query = new float[pixels * HeadDim];
        Key = new float[pixels * HeadDim];
        for (int y = 0; y < picture.Height; y++)
        {
            for (int x = 0; x < picture.Width; x++)
            {
                int at = ((y * picture.Width) + x) * HeadDim;
                Fill(picture, y, x, Query.AsSpan(at, HeadDim), Key.AsSpan(at, HeadDim));
            }
        }
    }

    /// <summary>Queries, [height, width, 1, head dim].</summary>
    public float[] Query { get; }

    /// <summary>Keys, [height, width, 1, head dim].</summary>
    public float[] Key { get; }

    // Beyond the border the nearest pixel stands for what is not there.
    private static void Fill(GrayPicture picture, int y, int x, Span<float> query, Span<float> key)
    {
        float norm = 0;
        for (int i = 0; i < HeadDim - 1; i++)
        {
            int row = Math.Clamp(y + (i / Side) - Reach, 0, picture.Height - 1);
            int column = Math.Clamp(x + (i % Side) - Reach, 0, picture.Width - 1);
            float level = picture.Levels[(row * picture.Width) + column];
            query[i] = 2 * level;
            key[i] = level;
            norm += level * level;
        }

        query[^1] = 1;
        key[^1] = -norm;
    }
}
