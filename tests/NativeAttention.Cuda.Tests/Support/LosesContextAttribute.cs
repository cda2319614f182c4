using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace NativeAttention.Cuda.Tests;

/// <summary>
/// On a test whose kernel fails. That costs a GPU the context of the whole process, so on a GPU the test is
/// skipped unless the test host runs it in a process of its own.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LosesContextAttribute : CategoryAttribute, IApplyToTest
{
    private const string OwnProcess = "NATTN_OWN_PROCESS";

    /// <summary>Whether the running test is such a test.</summary>
    internal static bool IsOnCurrentTest =>
        TestContext.CurrentContext.Test.Properties["Category"].Contains("LosesContext");

    void IApplyToTest.ApplyToTest(Test test)
    {
        ApplyToTest(test);
        if (!TestDevice.IsEmulated && Environment.GetEnvironmentVariable(OwnProcess) != "1")
        {
            test.RunState = RunState.Ignored;
            test.Properties.Set(PropertyNames.SkipReason,
                "Its kernel costs the GPU its context: the test host runs it in a process of its own.");
        }
    }
}
