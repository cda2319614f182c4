using NativeAttention.Tool.Results;

namespace NativeAttention.Tool.Tests.Results;

public class CaseWorkTests
{
    [Test]
    public void Operations_and_bytes_by_hand()
    {
        AttentionShape shape = new(2, 3, 5, 4, 2, 8, 6);
        // 3 x 5 pairs; 4 heads; 2 batches; 2 * (8 + 6) operations.
        Assert.That(CaseWork.DenseFlops(shape, AttentionMask.None), Is.EqualTo(15 * 4 * 2 * 28));
        // Rows see 3, 4, 5 keys.
        Assert.That(CaseWork.DenseFlops(shape, AttentionMask.Causal), Is.EqualTo(12 * 4 * 2 * 28));
        // Rows see 1, 2, 3 keys.
        Assert.That(CaseWork.DenseFlops(shape, AttentionMask.CausalTopLeft), Is.EqualTo(6 * 4 * 2 * 28));
        // 2 batches of 3 * 4 query rows and 5 * 2 key rows; 8 + 6 elements each.
        Assert.That(CaseWork.DenseBytes(shape, ElementType.Float32), Is.EqualTo(2 * 22 * 14 * 4));
        Assert.That(CaseWork.DenseBytes(shape, ElementType.BFloat16), Is.EqualTo(2 * 22 * 14 * 2));
    }

    [Test]
    public void Rows_that_see_nothing_cost_nothing()
    {
        AttentionShape shape = new(1, 5, 2, 1, 1, 1, 1);
        Assert.That(CaseWork.DenseFlops(shape, AttentionMask.Causal), Is.EqualTo(3 * 4), "0, 0, 0, 1, 2 keys");
    }
}
