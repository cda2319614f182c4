using NativeAttention.Neighborhood;

namespace NativeAttention.Tests.Neighborhood;

[TestFixture]
internal sealed class GridShapeTests
{
    [Test]
    public void Extents_tokens_and_text()
    {
        GridShape volume = new(3, 4, 5);
        Assert.Multiple(() =>
        {
            Assert.That((volume.Rank, volume.Tokens, volume[0], volume[1], volume[2]), Is.EqualTo((3, 60L, 3, 4, 5)));
            Assert.That($"{new GridShape(7)}, {new GridShape(7, 8)}, {volume}, {default(GridShape)}",
                Is.EqualTo("7, 7x8, 3x4x5, none"));
            Assert.That(default(GridShape).Tokens, Is.Zero);
            Assert.That(GridShape.Of([3, 4, 5]), Is.EqualTo(volume));
            Assert.That(GridShape.Of([3, 4]), Is.EqualTo(new GridShape(3, 4)));
            Assert.That(GridShape.Of([3]), Is.EqualTo(new GridShape(3)));
            Assert.That(new GridShape(1, 3), Is.Not.EqualTo(new GridShape(3)));
            Assert.That(new GridShape(65536, 65536).Tokens, Is.EqualTo(1L << 32));
        });
    }

    [Test]
    public void There_are_no_other_axes()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new GridShape(3, 4)[2], Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new GridShape(3)[-1], Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => GridShape.Of([]), Throws.ArgumentException.With.Message.StartsWith(
                "There are 0 extents: a map has 1 to 3 axes."));
            Assert.That(() => GridShape.Of([1, 2, 3, 4]), Throws.ArgumentException.With.Message.StartsWith(
                "There are 4 extents: a map has 1 to 3 axes."));
        });
    }

    [Test]
    public void Maps_of_fewer_axes_have_ones_in_front() => Assert.Multiple(() =>
    {
        Assert.That(Extents.Of(new GridShape(7)), Is.EqualTo(new Extents(1, 1, 7)));
        Assert.That(Extents.Of(new GridShape(7, 8)), Is.EqualTo(new Extents(1, 7, 8)));
        Assert.That(new Extents(3, 4, 5).Coordinates(59), Is.EqualTo(new Extents(2, 3, 4)));
        Assert.That($"{new Extents(3, 4, 5)}", Is.EqualTo("3x4x5"));
    });
}
