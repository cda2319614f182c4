using System.CommandLine;

namespace NativeAttention.Tool.Commands;

/// <summary>Rules between options.</summary>
internal static class OptionRules
{
    /// <summary>Refuses two options beside each other.</summary>
    public static void RequireApart(this Command command, Option one, Option other) =>
        command.Validators.Add(result =>
        {
            if (result.GetResult(one) is not null && result.GetResult(other) is not null)
            {
                result.AddError($"{one.Name} and {other.Name} exclude each other; give one");
            }
        });

    /// <summary>Refuses one of two options without the other.</summary>
    public static void RequireTogether(this Command command, Option one, Option other) =>
        command.Validators.Add(result =>
        {
            bool first = result.GetResult(one) is not null;
            if (first != result.GetResult(other) is not null)
            {
                (Option given, Option missing) = first ? (one, other) : (other, one);
                result.AddError($"{given.Name} needs {missing.Name} beside it");
            }
        });
}
