using NativeAttention.Tests.Backends;

namespace NativeAttention.Tests.Operands;

/// <summary>The operands of a run are held against what the plan announced, before anything runs.</summary>
public class OperandSpansTests
{
    private static readonly AttentionShape Shape = new(2, 3, 5, 4, 2, 8);
    private static readonly float[] Tensor = new float[2 * 5 * 4 * 8], Output = new float[192];

    private static readonly AttentionOperands Everything = new()
    {
        Bias = new BiasForm(OperandStrides.Dense(1, 1, 3, 5), ElementType.Float32),
        Mask = OperandStrides.Dense(1, 4, 1, 5),
        AlibiSlopes = OperandStrides.PerHead,
        Sinks = OperandStrides.PerHead,
        QueryTemperature = OperandStrides.Dense(2, 4, 3, 1),
        KeyLogWeight = OperandStrides.Dense(2, 2, 1, 5),
        HeadGate = OperandStrides.Dense(2, 4, 3, 1),
        KeyLengths = true,
    };

    private static AttentionInputs<float> Inputs() => new(Tensor, Tensor, Tensor)
    {
        Bias = new float[15],
        Mask = new bool[20],
        AlibiSlopes = new float[4],
        Sinks = new float[4],
        QueryTemperature = new float[24],
        KeyLogWeight = new float[20],
        HeadGate = new float[24],
        KeyLengths = new[] { 0, 5 },
    };

    [Test]
    public void Operands_as_announced_are_taken()
    {
        using FakePlan<float> plan = Plan(Everything);
        plan.Run(Inputs(), Output);
        Assert.That(plan.Runs, Is.EqualTo(1));
    }

    [Test]
    public void A_short_operand_is_refused_with_what_it_needs()
    {
        Refused(Inputs() with { Bias = new float[14] }, "Bias", "has 14 elements", "need 15.");
        Refused(Inputs() with { Mask = new bool[19] }, "Mask", "has 19 elements", "need 20.");
        Refused(Inputs() with { AlibiSlopes = default }, "AlibiSlopes", "has 0 elements", "need 4.");
        Refused(Inputs() with { Sinks = new float[3] }, "Sinks", "has 3 elements", "need 4.");
        Refused(Inputs() with { QueryTemperature = new float[23] }, "QueryTemperature", "23", "need 24.");
        Refused(Inputs() with { KeyLogWeight = new float[19] }, "KeyLogWeight", "19", "need 20.");
        Refused(Inputs() with { HeadGate = new float[23] }, "HeadGate", "23", "need 24.");
        Refused(Inputs() with { KeyLengths = new[] { 1 } }, "KeyLengths", "has 1 elements", "need 2.");
    }

    [Test]
    public void Wrong_values_types_and_overlaps_are_refused()
    {
        Refused(Inputs() with { KeyLengths = new[] { 1, 6 } }, "KeyLengths", "KeyLengths[1] is 6",
            "between 0 and the key length 5.");
        Refused(Inputs() with { KeyLengths = new[] { -1, 5 } }, "KeyLengths", "KeyLengths[0] is -1", "0");
        Refused(Inputs() with { Bias = new Half[15] }, "Bias", "elements of type Float16",
            "the plan was made for Float32.");
        Refused(Inputs() with { HeadGate = Output.AsSpan(10, 24) }, "output", "overlaps", "HeadGate");
    }

    [Test]
    public void Operands_that_were_not_announced_are_refused()
    {
        using FakePlan<float> plan = Plan(AttentionOperands.None);
        Assert.Multiple(() =>
        {
            Assert.That(() => plan.Run(Inputs(), Output), Throws.ArgumentException.With.Message.Contains(
                "A Bias span of 60 elements is given, but the plan was made without").Or.Message.Contains(
                "span of 15 elements is given, but the plan was made without"));
            Assert.That(() => plan.Run(new AttentionInputs<float>(Tensor, Tensor, Tensor)
            {
                CumulativeKeyLengths = new[] { 0, 1, 2 },
            }, Output), Throws.ArgumentException.With.Message.Contains("only packed layouts"));
        });
        Assert.That(plan.Runs, Is.Zero);
    }

    [TestCase(new[] { 0, 3 }, "has 2 elements: 2 sequences need 3")]
    [TestCase(new[] { 1, 3, 3 }, "CumulativeQueryLengths[0] is 1: it must be 0.")]
    [TestCase(new[] { 0, 3, 2 }, "CumulativeQueryLengths[2] is 2 after 3: a sequence of -1 tokens")]
    [TestCase(new[] { 0, 4, 4 }, "CumulativeQueryLengths[1] is 4 after 0: a sequence of 4 tokens; it must have 0 to 3")]
    [TestCase(new[] { 0, 3, 6 }, "CumulativeQueryLengths[2] is 6: the packed layout has room for 5 tokens.")]
    public void Cumulative_lengths_are_checked(int[] lengths, string message)
    {
        using FakePlan<float> plan = new(AttentionProblem.Create(ElementType.Float32, Shape,
            new() { Layout = AttentionLayout.Packed(5, 10) }));
        Assert.That(() => plan.Run(new AttentionInputs<float>(Tensor, Tensor, Tensor)
        {
            CumulativeQueryLengths = lengths,
            CumulativeKeyLengths = new[] { 0, 5, 10 },
        }, Output), Throws.ArgumentException.With.Message.Contains(message));
        Assert.That(plan.Runs, Is.Zero);
    }

    private static FakePlan<float> Plan(AttentionOperands operands) =>
        new(AttentionProblem.Create(ElementType.Float32, Shape, new() { Operands = operands }));

    private static void Refused(AttentionInputs<float> inputs, string argument, string first, string second)
    {
        using FakePlan<float> plan = Plan(Everything);
        ArgumentException? refusal = null;
        try
        {
            plan.Run(inputs, Output);
        }
        catch (ArgumentException e)
        {
            refusal = e;
        }

        Assert.That(refusal, Is.Not.Null);
        Assert.Multiple(() =>
        {
            Assert.That(refusal!.ParamName, Is.EqualTo(argument));
            Assert.That(refusal.Message, Does.Contain(first).And.Contain(second));
        });
        Assert.That(plan.Runs, Is.Zero);
    }
}
