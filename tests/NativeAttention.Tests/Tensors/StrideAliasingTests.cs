namespace NativeAttention.Tests.Tensors;

public class StrideAliasingTests
{
    // Everything small, by brute force: the answer must be right both ways.
    [Test]
    public void Agrees_with_brute_force_on_random_small_tensors()
    {
        const int seed = 20261120;
        Random random = new(seed);
        int collisions = 0, interleaved = 0;
        for (int n = 0; n < 30_000; n++)
        {
            TensorStrides strides = new(random.Next(14), random.Next(14), random.Next(14));
            TensorExtents tensor =
                new(random.Next(4), random.Next(5), random.Next(4), 1 + random.Next(3), strides);
            bool collides = Collides(tensor);
            collisions += collides ? 1 : 0;
            interleaved += collides || Nested(tensor) ? 0 : 1;
            Assert.That(StrideAliasing.Find(tensor), collides ? Is.Not.Null
                : Is.Null, $"seed {seed}, {tensor}");
        }

        Assert.That(collisions, Is.GreaterThan(1000));
        Assert.That(interleaved, Is.GreaterThan(100)); // layouts that only the exact search can tell apart
    }

    [Test]
    public void Names_the_two_elements_by_their_distance()
    {
        TensorExtents tensor = new(1, 4, 2, 8, new TensorStrides(0, 8, 16));
        Assert.That(StrideAliasing.Find(tensor), Does.Contain("along head").And.Contain("along sequence")
            .And.Contain("vectors of 8"));
    }

    [Test]
    public void Sizes_and_strides_near_the_limits_do_not_overflow()
    {
        const int most = int.MaxValue;
        Assert.That(StrideAliasing.Find(new(most, most, 1, 2, new TensorStrides(2L * most, 2, 1))), Is.Null);
        Assert.That(StrideAliasing.Find(new(2, most, 2, 1, new TensorStrides(long.MaxValue, 2, 3))), Is.Null);
        Assert.That(StrideAliasing.Find(new(2, most, 2, 1, new TensorStrides(long.MaxValue, 2, 4))),
            Is.Not.Null);
        Assert.That(StrideAliasing.Find(new(most, most, most, 1, new TensorStrides(1, 1, 1))), Is.Not.Null);
    }

    private static bool Collides(TensorExtents t)
    {
        HashSet<long> seen = [];
        for (int b = 0; b < t.Batch; b++)
        {
            for (int s = 0; s < t.Sequence; s++)
            {
                for (int h = 0; h < t.Heads; h++)
                {
                    for (int d = 0; d < t.Dim; d++)
                    {
                        if (!seen.Add((b * t.Strides.Batch) + (s * t.Strides.Sequence) + (h * t.Strides.Head)
                            + d))
                        {
                            return true;
                        }
                    }
                }
            }
        }

        return false;
    }

    private static bool Nested(TensorExtents t)
    {
        long inside = t.Dim;
        foreach ((int extent, long stride) in new[] { (t.Batch, t.Strides.Batch),
            (t.Sequence, t.Strides.Sequence), (t.Heads, t.Strides.Head) }.Where(a =>
            a.Item1 > 1).OrderBy(a => a.Item2))
        {
            if (stride < inside)
            {
                return false;
            }

            inside += stride * (extent - 1);
        }

        return true;
    }
}
