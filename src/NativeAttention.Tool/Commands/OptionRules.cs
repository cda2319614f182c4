using System.CommandLine;

namespace NativeAttention.Tool.Commands;

/// <summary>Rules between options.</summary>
internal static class OptionRules
{
    /// <summary>Refuses two options beside each other.</summary>
    public static void RequireApart(this Command command, Option one, Option other) =>
        command.Validators.Add(result =>
        {
            if (result.GetResult(one) is { Implicit: false } && result.GetResult(other) is { Implicit: false })
            {
                result.AddError($"{one.Name} and {other.Name} exclude each other; give one");
            }
        });

    /// <summary>Refuses one of two options without the other.</summary>
    public static void RequireTogether(this Command command, Option one, Option other)
    {
        command.RequireBeside(one, other);
        command.RequireBeside(other, one);
    }

    /// <summary>Refuses an option without another one, which may stand alone.</summary>
    public static void RequireBeside(this Command command, Option given, Option needed) =>
        command.Validators.Add(result =>
        {
            // A default is no wish.
            if (result.GetResult(given) is { Implicit: false } && result.GetResult(needed) is null)
            {
                result.AddError($"{given.Name} needs {needed.Name} beside it");
            }
        });
}
