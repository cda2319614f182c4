namespace NativeAttention.Tests.Operands;

/// <summary>Every rule of the optional operands has a test of its message.</summary>
public class OperandRulesTests
{
    private static readonly AttentionShape Shape = new(2, 3, 5, 4, 2, 8);

    [Test]
    public void Forms_that_are_not_allowed_are_refused()
    {
        OperandStrides one = new(1, 1, 1, 1);
        Assert.Multiple(() =>
        {
            RefusedOperands(new() { Bias = new BiasForm(one, ElementType.BFloat16) },
                "The bias has elements of type BFloat16: it must be Float32 or Float16, as the query.");
            RefusedOperands(new() { Bias = new BiasForm(one with { Key = -1 }, ElementType.Float16) },
                "Bias has the key stride -1: strides must not be negative.");
            RefusedOperands(new() { AlibiSlopes = one },
                "AlibiSlopes has the query stride 1: it has only the axes batch, head, and the other");
            RefusedOperands(new() { Sinks = one }, "Sinks has the batch stride 1: it has only the axes head,");
            RefusedOperands(new() { QueryTemperature = one }, "QueryTemperature has the key stride 1:");
            RefusedOperands(new() { KeyLogWeight = one }, "KeyLogWeight has the query stride 1:");
            RefusedOperands(new() { HeadGate = one }, "HeadGate has the key stride 1:");
            RefusedOperands(null!, "Operands is null: leave it out for its default.");
        });
    }

    [Test]
    public void Packed_layouts_index_by_token()
    {
        var packed = AttentionLayout.Packed(6, 10);
        Assert.Multiple(() =>
        {
            RefusedOperands(new() { KeyLengths = true }, "KeyLengths is set with a packed layout", packed);
            RefusedOperands(new() { HeadGate = new(5, 1, 1, 0) }, "HeadGate has the batch stride 5: with a packed", packed);
        });
    }

    [Test]
    public void Options_that_are_not_allowed_are_refused()
    {
        Assert.Multiple(() =>
        {
            Refused(new AttentionOptions { SoftCap = 0 }, "SoftCap is 0: it must be finite and above 0");
            Refused(new AttentionOptions { SoftCap = float.PositiveInfinity }, "SoftCap is Infinity");
            Refused(new AttentionOptions { SoftCap = float.NaN }, "SoftCap is NaN");
            Refused(new AttentionOptions { Mask = AttentionMask.CausalTopLeft, DiagonalOffset = 2 },
                "DiagonalOffset is 2, but the mask 'causal-top-left' sets it to 0");
            Assert.That(() => AttentionProblem.Create(ElementType.Float32, Shape with { ValueHeads = 3 },
                AttentionOptions.Default), Throws.ArgumentException.With.Message.StartsWith(
                "QueryHeads is 4: it must be a multiple of ValueHeads, which is 3."));
        });
    }

    [Test]
    public void Value_heads_follow_the_key_heads_unless_set()
    {
        Assert.Multiple(() =>
        {
            Assert.That((Shape with { KeyValueHeads = 4 }).ValueHeads, Is.EqualTo(4));
            Assert.That((Shape with { ValueHeads = 4 }).KeyValueHeads, Is.EqualTo(2));
            Assert.That(Shape with { ValueHeads = 2 }, Is.EqualTo(Shape));
            Assert.That((Shape with { ValueHeads = 2 }).GetHashCode(), Is.EqualTo(Shape.GetHashCode()));
            Assert.That(Shape with { ValueHeads = 1 }, Is.Not.EqualTo(Shape));
        });
    }

    private static void RefusedOperands(AttentionOperands operands, string message, AttentionLayout? layout = null) =>
        Refused(new AttentionOptions { Operands = operands, Layout = layout ?? AttentionLayout.Bshd }, message);

    private static void Refused(AttentionOptions options, string message) =>
        Assert.That(() => AttentionProblem.Create(ElementType.Float16, Shape, options),
            Throws.ArgumentException.With.Message.StartsWith(message).And.Property("ParamName").EqualTo(
            "options"));
}
