namespace NativeAttention.Tests.Tensors;

public class ElementTypesTests
{
    [Test]
    public void The_three_types_and_their_sizes()
    {
        Assert.Multiple(() =>
        {
            Assert.That(ElementTypes.Of<float>(), Is.EqualTo(ElementType.Float32));
            Assert.That(ElementTypes.Of<Half>(), Is.EqualTo(ElementType.Float16));
            Assert.That(ElementTypes.Of<BFloat16>(), Is.EqualTo(ElementType.BFloat16));
            Assert.That(ElementTypes.SizeInBytes(ElementType.Float32), Is.EqualTo(4));
            Assert.That(ElementTypes.SizeInBytes(ElementType.Float16), Is.EqualTo(2));
            Assert.That(ElementTypes.SizeInBytes(ElementType.BFloat16), Is.EqualTo(2));
        });
    }

    [Test]
    public void Any_other_type_is_refused_with_the_list_of_those_that_work()
    {
        Assert.That(ElementTypes.TryOf<double>(out _), Is.False);
        Assert.That(() => ElementTypes.Of<double>(),
            Throws.TypeOf<NotSupportedException>().With.Message.EqualTo(
            "Element type System.Double is not supported: use float, System.Half or NativeAttention.BFloat16."));
        Assert.That(() => ElementTypes.SizeInBytes((ElementType)9),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains(
            "Float32, Float16 and BFloat16"));
    }
}
