using NativeAttention.Tool.Verification;

namespace NativeAttention.Tool.Tests.Verification;

public class LogicalTensorTests
{
    [Test]
    public void Storage_places_every_element_where_the_layout_says()
    {
        // value of element (b, h, s, d) is its four digits
        double[] logical = [.. from b in Enumerable.Range(0, 2) from h in Enumerable.Range(0, 3)
                               from s in Enumerable.Range(0, 2) from d in Enumerable.Range(0, 2)
                               select (b * 1000) + (h * 100) + (s * 10) + (double)d];
        float[] bshd = new LogicalTensor(3, 2, 2, HeadsFirst: false).Store<float>(logical);
        double[] expected = [.. from b in Enumerable.Range(0, 2) from s in Enumerable.Range(0, 2)
                                from h in Enumerable.Range(0, 3) from d in Enumerable.Range(0, 2)
                                select (b * 1000) + (h * 100) + (s * 10) + (double)d];
        Assert.That(bshd, Is.EqualTo(expected));
        Assert.That(new LogicalTensor(3, 2, 2, HeadsFirst: false).Load(bshd), Is.EqualTo(logical));
        Assert.That(new LogicalTensor(3, 2, 2, HeadsFirst: true).Store<float>(logical), Is.EqualTo(logical));
    }
}
