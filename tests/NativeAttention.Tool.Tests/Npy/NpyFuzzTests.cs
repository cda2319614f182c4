using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Tests.Npy;

/// <summary>
/// Whatever bytes come, the reader answers with an array or with the one documented exception.
/// </summary>
public class NpyFuzzTests
{
    private static readonly string[] Pieces =
        ["'", "\"", "{", "}", "(", ")", "[", ",", ":", "-", "0", "9999999999", "True", "False", "L", "\\",
         "\n", "\0",         "<f4", ">f2", "|O", "'descr'", "'shape'", "é", " "];

    [Test]
    public void Mutated_files_never_fail_in_another_way([Values(1, 2, 3)] int major)
    {
        int seed = 20261120 + major;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        byte[] good = NpyFile.Build(NpyFile.Header("<f4", "(2, 3)"), new byte[24], (byte)major);
        int read = 0, refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] file = Mutate(good, random);
            try
            {
                NpyArray array = NpyReaderTests.Read(file);
                Assert.That(array.Shape.Aggregate(1L, (a, b) => a * b), Is.EqualTo(array.Count));
                read++;
            }
            catch (NpyFormatException e)
            {
                Assert.That(e.Message, Does.Not.Match(@"[\u0000-\u001f]"),
                    "a message must be one clean line");
                refused++;
            }
        }

        Assert.That(read, Is.GreaterThan(100), "some mutations are harmless");
        Assert.That(refused, Is.GreaterThan(10_000));
    }

    [Test]
    public void Mutated_headers_never_fail_in_another_way()
    {
        const int seed = 7;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        int refused = 0;
        for (int i = 0; i < 50_000; i++)
        {
            string header = NpyFile.Header("<f4", "(2, 3)");
            for (int n = random.Next(1, 4); n > 0; n--)
            {
                int at = random.Next(header.Length), cut = random.Next(0, Math.Min(4, header.Length - at));
                header = header.Remove(at, cut).Insert(at, Pieces[random.Next(Pieces.Length)]);
            }

            try
            {
                NpyHeaderParser.Parse(header, "x.npy");
            }
            catch (NpyFormatException)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.GreaterThan(20_000));
    }

    private static byte[] Mutate(byte[] good, Random random)
    {
        List<byte> file = [.. good];
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(file.Count);
            switch (random.Next(4))
            {
                case 0:
                    file[at] = (byte)random.Next(256);
                    break;
                case 1:
                    file.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    file.RemoveAt(at);
                    break;
                default:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. file];
    }
}
