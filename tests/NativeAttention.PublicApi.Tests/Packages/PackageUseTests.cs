using System.Text.Json;

namespace NativeAttention.PublicApi.Tests.Packages;

/// <summary>The packages as their user meets them: installed from a folder into a new project.</summary>
public class PackageUseTests
{
    [Test]
    public void The_example_of_the_readme_runs_on_the_packages_as_it_runs_here()
    {
        FreshProject project = new("fresh");
        project.Write("Program.cs", string.Join('\n', Readme.Example(SourceTree.Root())));
        project.Write("fresh.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="NativeAttention" Version="{PackageFeed.Version}" />
                <PackageReference Include="NativeAttention.Cuda" Version="{PackageFeed.Version}" />
              </ItemGroup>
            </Project>
            """);
        project.Dotnet("build", "-c", "Release", "-v", "quiet", "--nologo");
        Assert.That(Directory.GetDirectories(project.Packages).Select(Path.GetFileName),
            Is.SupersetOf(new[] { "nativeattention", "nativeattention.bindings", "nativeattention.cuda" }));
        string[] written = [.. Directory.GetFiles(project["bin/Release/net10.0"]).Select(Path.GetFileName)!];
        Assert.That(written, Does.Not.Contain("NativeAttention.Emulator.dll"));

        string output = project.Dotnet(project["bin/Release/net10.0/fresh.dll"]);
        Assert.That(output, Is.EqualTo(OutputHere()));
        Assert.That(output, Does.Match(@"^\w+: -?0\.\d{4}\s*$"));
    }

    [Test]
    public void The_tool_installs_and_verifies_the_cpu()
    {
        FreshProject project = new("tool");
        project.Dotnet("tool", "install", "nattn", "--version", PackageFeed.Version,
            "--tool-path", project["tools"], "--configfile", project["nuget.config"]);
        string tool = project[OperatingSystem.IsWindows() ? "tools/nattn.exe" : "tools/nattn"];
        using JsonDocument info = JsonDocument.Parse(project.Run(tool, "info", "--json"));
        JsonElement device = info.RootElement.GetProperty("devices").EnumerateArray()
            .Single(d => d.GetProperty("name").GetString() == "emulator");
        Assert.That(device.GetProperty("kernels").GetArrayLength(), Is.Positive, "no PTX in the package");

        string report = project.Run(tool, "verify", "--device", "cpu", "--json");
        using JsonDocument verified = JsonDocument.Parse(report);
        Assert.That(verified.RootElement.GetProperty("passed").GetInt32(), Is.Positive);
        Assert.That(verified.RootElement.GetProperty("failed").GetInt32(), Is.Zero);
    }

    // README and test show the same example: ReadmeExampleTests sees to that.
    private static string OutputHere()
    {
        TextWriter before = Console.Out;
        using StringWriter captured = new();
        Console.SetOut(captured);
        try
        {
            new ReadmeExampleTests().The_example_computes_attention();
        }
        finally
        {
            Console.SetOut(before);
        }

        return captured.ToString();
    }
}
