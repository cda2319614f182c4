using NativeAttention.Tool.Npy;

namespace NativeAttention.Tool.Tests.Npy;

public class NpyReaderTests
{
    private static readonly byte[] OneFloat = [0, 0, 0x80, 0x3F];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Every_version_is_read(byte major)
    {
        NpyArray array = Read(NpyFile.Build(NpyFile.Header("<f4", "(1,)"), OneFloat, major));
        Assert.That(array.Values<float>(), Is.EqualTo(new[] { 1f }));
        Assert.That(array.Shape, Is.EqualTo(new long[] { 1 }));
    }

    [Test]
    public void Big_endian_is_converted()
    {
        byte[] data = [0x3F, 0x80, 0, 0, 0xC0, 0x20, 0, 0];
        NpyArray array = Read(NpyFile.Build(NpyFile.Header(">f4", "(2,)"), data));
        Assert.That(array.Values<float>(), Is.EqualTo(new[] { 1f, -2.5f }));
        NpyArray half = Read(NpyFile.Build(NpyFile.Header(">f2", "(1,)"), [0x3C, 0x01]));
        Assert.That(BitConverter.HalfToUInt16Bits(half.Values<Half>()[0]), Is.EqualTo(0x3C01));
        NpyArray wide = Read(NpyFile.Build(NpyFile.Header(">i8", "(1,)"), [1, 2, 3, 4, 5, 6, 7, 8]));
        Assert.That(wide.Values<long>(), Is.EqualTo(new[] { 0x0102030405060708 }));
    }

    [Test]
    public void Fortran_order_is_converted()
    {
        // shape (2, 3, 2); in Fortran order element (i, j, k) lies at i + 2 j + 6 k.
        byte[] data = [.. Enumerable.Range(0, 12).Select(n => (byte)n)];
        NpyArray array = Read(NpyFile.Build(NpyFile.Header("|u1", "(2, 3, 2)", fortran: true), data));
        byte[] values = array.Values<byte>();
        for (int i = 0; i < 2; i++)
        {
            for (int j = 0; j < 3; j++)
            {
                for (int k = 0; k < 2; k++)
                {
                    Assert.That(values[(((i * 3) + j) * 2) + k], Is.EqualTo(i + (2 * j) + (6 * k)));
                }
            }
        }
    }

    [Test]
    public void Fortran_order_of_a_big_endian_matrix_is_converted()
    {
        byte[] data = [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6];
        NpyArray array = Read(NpyFile.Build(NpyFile.Header(">u2", "(2, 3)", fortran: true), data));
        Assert.That(array.Values<ushort>(), Is.EqualTo(new ushort[] { 1, 3, 5, 2, 4, 6 }));
    }

    [Test]
    public void A_scalar_has_no_axes_and_one_element()
    {
        NpyArray array = Read(NpyFile.Build(NpyFile.Header("<f4", "()"), OneFloat));
        Assert.That(array.Shape, Is.Empty);
        Assert.That(array.Values<float>(), Is.EqualTo(new[] { 1f }));
    }

    [TestCase("(0,)")]
    [TestCase("(3, 0, 5)")]
    [TestCase("(4611686018427387904, 0, 4611686018427387904)")]
    public void An_axis_of_length_0_leaves_no_elements(string shape)
    {
        foreach (bool fortran in new[] { false, true })
        {
            NpyArray array = Read(NpyFile.Build(NpyFile.Header("<f8", shape, fortran), []));
            Assert.That(array.Count, Is.Zero);
            Assert.That(array.Values<double>(), Is.Empty);
        }
    }

    [TestCase("|b1", NpyElementType.Bool, 1)]
    [TestCase("|i1", NpyElementType.Int8, 1)]
    [TestCase("|u1", NpyElementType.UInt8, 1)]
    [TestCase("<i2", NpyElementType.Int16, 2)]
    [TestCase("<u2", NpyElementType.UInt16, 2)]
    [TestCase("<i4", NpyElementType.Int32, 4)]
    [TestCase("<u4", NpyElementType.UInt32, 4)]
    [TestCase("<i8", NpyElementType.Int64, 8)]
    [TestCase("<u8", NpyElementType.UInt64, 8)]
    [TestCase("<f2", NpyElementType.Float16, 2)]
    [TestCase("<f4", NpyElementType.Float32, 4)]
    [TestCase("<f8", NpyElementType.Float64, 8)]
    public void Every_supported_type_is_read(string descr, object type, int size)
    {
        byte[] data = new byte[2 * size];
        data[size] = 1;
        NpyArray array = Read(NpyFile.Build(NpyFile.Header(descr, "(2,)"), data));
        Assert.That(array.Type, Is.EqualTo((NpyElementType)type));
        Assert.That(array.Count, Is.EqualTo(2));
    }

    [TestCase("{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(1,)}\n")]
    [TestCase("  { 'shape' : ( 1 , ) , 'fortran_order' : False , 'descr' : '<f4' }   \n")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }\n")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1)}\n")]
    public void Other_spellings_of_the_same_header_are_read(string header) =>
        Assert.That(Read(NpyFile.Build(header, OneFloat)).Values<float>(), Is.EqualTo(new[] { 1f }));

    [Test]
    public void A_name_outside_the_header_of_an_array_is_asked_for_wrongly()
    {
        NpyArray array = Read(NpyFile.Build(NpyFile.Header("<f4", "(1,)"), OneFloat));
        Assert.That(() => array.Values<double>(), Throws.InvalidOperationException
            .With.Message.EqualTo("The array holds float32, not float64."));
    }

    internal static NpyArray Read(byte[] file)
    {
        using MemoryStream stream = new(file);
        return NpyReader.Read(stream, "x.npy");
    }
}
