using NativeAttention.Benchmarks.Cases;
using NativeAttention.Benchmarks.Pinned;
using NativeAttention.Tool.App;

namespace NativeAttention.Benchmarks.Tests.Pinned;

/// <summary>What is asked across the pipe and what comes back, without a pipe.</summary>
public class RemoteContenderTests
{
    private static readonly BenchCase Case = TinyTable.Cases[0];

    [Test]
    public void Answers_are_those_of_the_contender_at_the_other_end()
    {
        FakeContender far = new();
        using RemoteContender near = Connect(far);
        Preparation prepared = near.Prepare(Case);
        Sample sample = near.Measure(Case, 0.005);
        Assert.Multiple(() =>
        {
            Assert.That(prepared, Is.EqualTo(new Preparation("a kernel, version 2", 1.5e-7)));
            Assert.That(sample, Is.EqualTo(new Sample(1e-3, 0.25)));
            Assert.That(far.Asked, Is.EqualTo(new[] { $"prepare {Case.Name}", $"measure {Case.Name} 0.005" }));
            Assert.That(near.Provider, Is.EqualTo("ggml"));
            Assert.That(near.Refusal(Case with { Type = ElementType.BFloat16 }), Is.EqualTo("no bfloat16"));
        });
    }

    [Test]
    public void A_failure_at_the_other_end_is_one_here()
    {
        using RemoteContender near = Connect(new FakeContender());
        BenchCase smallest = TinyTable.Cases.First(c => c.Shape.HeadDim == 1);
        Assert.That(() => near.Prepare(smallest),
            Throws.TypeOf<ToolException>().With.Message.EqualTo(FakeContender.Wrong));
    }

    [Test]
    public void The_end_of_the_other_process_is_told()
    {
        using RemoteContender near = new("ggml", _ => null, new StringWriter(), new StringReader(""));
        Assert.That(() => near.Prepare(Case), Throws.TypeOf<ToolException>().With.Message.EqualTo(
            $"the process of ggml ended at 'prepared {Case.Name}'"));
    }

    private static RemoteContender Connect(FakeContender far)
    {
        StringWriter questions = new();
        return new RemoteContender(far.Provider, far.Refusal, questions, new Wire(questions, far));
    }

    // Serves what has been asked when an answer is wanted.
    private sealed class Wire(StringWriter questions, IContender far) : TextReader
    {
        public override string? ReadLine()
        {
            using StringWriter answers = new() { NewLine = "" };
            RemoteContender.Serve(far, TinyTable.Cases, new StringReader(questions.ToString()), answers);
            questions.GetStringBuilder().Clear();
            return answers.ToString();
        }
    }
}
