using System.Text;
using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Tests.Npy;

public class NpyWriterTests
{
    [Test]
    public void The_header_is_what_the_format_describes_byte_for_byte()
    {
        byte[] header = NpyWriter.Header(NpyElementType.Float32, [2, 3, 4]);
        // 10 bytes before the dictionary, then spaces and a newline up to the next multiple of 64.
        string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }";
        byte[] expected = [0x93, .. "NUMPY"u8, 1, 0, 118, 0,
            .. Encoding.ASCII.GetBytes(dictionary.PadRight(117) + "\n")];
        Assert.That(header, Is.EqualTo(expected));
        Assert.That(header, Has.Length.EqualTo(128));
    }

    [Test]
    public void Headers_of_every_rank_are_aligned_and_terminated()
    {
        for (int rank = 0; rank <= NpyHeaderParser.MaxRank; rank++)
        {
            long[] shape = [.. Enumerable.Repeat(1L, rank)];
            byte[] header = NpyWriter.Header(NpyElementType.Float16, shape);
            Assert.That(header.Length % 64, Is.Zero);
            Assert.That(header[8] + (256 * header[9]), Is.EqualTo(header.Length - 10));
            Assert.That(header[^1], Is.EqualTo((byte)'\n'));
            Assert.That(NpyReaderTests.Read([.. header, 0, 0]).Shape, Is.EqualTo(shape));
        }
    }

    [TestCase(new long[0], "()")]
    [TestCase(new long[] { 5 }, "(5,)")]
    [TestCase(new long[] { 0, 7 }, "(0, 7)")]
    public void Shapes_are_python_tuples(long[] shape, string tuple) =>
        Assert.That(Encoding.ASCII.GetString(NpyWriter.Header(NpyElementType.Bool, shape)[10..]),
            Does.StartWith($"{{'descr': '|b1', 'fortran_order': False, 'shape': {tuple}, }} "));

    [Test]
    public void What_is_written_is_read_back_bit_for_bit()
    {
        const int seed = 42;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        byte[] bits = new byte[4 * 210];
        random.NextBytes(bits);
        RoundTrip<float>(bits, [2, 3, 5, 7]);
        RoundTrip<Half>(bits[..420], [210]);
        RoundTrip<double>(bits, [105]);
        RoundTrip<long>(bits, [5, 21]);
        RoundTrip<byte>(bits, [840]);
        RoundTrip<float>([], [3, 0]);
        RoundTrip<float>(bits[..4], []);
    }

    [Test]
    public void A_shape_of_another_size_is_refused()
    {
        using MemoryStream stream = new();
        Assert.That(() => NpyWriter.Write<float>(stream, [1, 2, 3], [2, 2]), Throws.ArgumentException
            .With.Message.Contains("Shape [2, 2] does not hold the 3 given elements."));
        Assert.That(stream.Length, Is.Zero, "nothing may be written before the check");
    }

    [Test]
    public void A_type_without_a_place_in_the_format_is_refused()
    {
        using MemoryStream stream = new();
        Assert.That(() => NpyWriter.Write<decimal>(stream, [1], [1]),
            Throws.InstanceOf<NotSupportedException>());
    }

    private static void RoundTrip<T>(byte[] bits, long[] shape)
        where T : unmanaged
    {
        T[] values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(bits).ToArray();
        using MemoryStream stream = new();
        NpyWriter.Write<T>(stream, values, shape);
        NpyArray array = NpyReaderTests.Read(stream.ToArray());
        Assert.That(array.Shape, Is.EqualTo(shape));
        byte[] back = System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(array.Values<T>()).ToArray();
        Assert.That(back, Is.EqualTo(bits));
    }
}
