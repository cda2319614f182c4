using NativeAttention.Bindings.Generator;

const string Usage = "usage: NativeAttention.Bindings.Generator generate|check REPOSITORY_ROOT";

if (args is not [("generate" or "check") and string verb, string root])
{
    Console.Error.WriteLine(Usage);
    return 2;
}

try
{
    return verb == "generate" ? GeneratedFiles.Write(root) : GeneratedFiles.Check(root);
}
catch (GeneratorException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
