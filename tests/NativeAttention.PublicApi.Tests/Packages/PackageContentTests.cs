using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

namespace NativeAttention.PublicApi.Tests.Packages;

/// <summary>What lies in the packages: what was tested, what a user needs, and nothing else.</summary>
public class PackageContentTests
{
    private const int MostBytes = 5 << 20; // of one package: native/decisions.md, 24
    private static readonly string[] Dependencies =
        ["Microsoft.Extensions.Logging.Abstractions", "System.Numerics.Tensors"];

    [Test]
    public void There_is_one_package_for_each_library_and_one_for_the_tool()
    {
        Assert.That(PackageFeed.Files, Is.EquivalentTo(PackageFeed.Names.Select(PackageFeed.Find)));
    }

    [Test]
    public void A_package_is_a_few_megabytes()
    {
        foreach (string file in PackageFeed.Files)
        {
            long bytes = new FileInfo(file).Length;
            Console.WriteLine($"{bytes,10} {Path.GetFileName(file)}");
            Assert.That(bytes, Is.LessThan(MostBytes), file);
        }
    }

    [TestCaseSource(typeof(PackageFeed), nameof(PackageFeed.Names))]
    public void It_says_what_it_is(string name)
    {
        using ZipArchive package = ZipFile.OpenRead(PackageFeed.Find(name));
        XElement metadata = Metadata(package);
        Assert.Multiple(() =>
        {
            Assert.That(Text(metadata, "id"), Is.EqualTo(name));
            Assert.That(Text(metadata, "version"), Is.EqualTo(PackageFeed.Version));
            Assert.That(Text(metadata, "license"), Is.EqualTo("Apache-2.0"));
            Assert.That(Text(metadata, "authors"), Is.EqualTo("NativeAttention contributors"));
            Assert.That(Text(metadata, "description"), Has.Length.GreaterThan(20));
            Assert.That(Text(metadata, "description"), Is.Not.EqualTo("Package Description")); // the SDK's
            Assert.That(Text(metadata, "tags"), Does.Contain("attention"));
            Assert.That(Text(metadata, "readme"), Is.EqualTo("README.md"));
            Assert.That(Encoding.UTF8.GetString(Bytes(package.GetEntry("README.md")!)),
                Does.StartWith($"# {name}\n"));
        });
    }

    [TestCaseSource(typeof(PackageFeed), nameof(PackageFeed.Names))]
    public void It_depends_on_its_own_kind_in_this_version_only(string name)
    {
        using ZipArchive package = ZipFile.OpenRead(PackageFeed.Find(name));
        XElement[] all = [.. Metadata(package).Descendants().Where(e => e.Name.LocalName == "dependency")];
        foreach (XElement dependency in all)
        {
            string id = dependency.Attribute("id")!.Value, version = dependency.Attribute("version")!.Value;
            if (PackageFeed.Names.Contains(id))
            {
                Assert.That(version, Is.EqualTo($"[{PackageFeed.Version}]"), id);
            }
            else
            {
                Assert.That(Dependencies, Does.Contain(id));
            }
        }

        Assert.That(all, Has.Length.EqualTo(name switch
        {
            "NativeAttention" => 2,
            "NativeAttention.Cuda" => 4,
            "NativeAttention.Emulator" => 1,
            _ => 0,
        }));
    }

    [TestCaseSource(typeof(PackageFeed), nameof(PackageFeed.Names))]
    public void It_holds_nothing_unneeded(string name)
    {
        using ZipArchive package = ZipFile.OpenRead(PackageFeed.Find(name));
        string[] files = [.. package.Entries.Select(e => e.FullName).Where(f => !IsContainerPart(f))];
        if (name != "nattn")
        {
            Assert.That(files, Is.EquivalentTo(new[]
            {
                $"{name}.nuspec", "README.md", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml",
            }));
            return;
        }

        const string Folder = "tools/net10.0/any/";
        Assert.That(files, Is.SupersetOf(new[]
        {
            "nattn.nuspec", "README.md", Folder + "DotnetToolSettings.xml", Folder + "nattn.dll",
            Folder + "nattn.deps.json", Folder + "nattn.runtimeconfig.json",
        }));
        string[] programs = [.. files.Where(f => f.StartsWith(Folder, StringComparison.Ordinal))];
        Assert.That(programs.Select(Path.GetExtension).Distinct(),
            Is.EquivalentTo(new[] { ".xml", ".dll", ".json" }));
        Assert.That(programs.Count(f => Path.GetExtension(f) == ".xml"), Is.EqualTo(1));
    }

    [TestCaseSource(typeof(PackageFeed), nameof(PackageFeed.Names))]
    public void Its_assemblies_are_those_that_the_tests_run_on(string name)
    {
        string root = SourceTree.Root();
        using ZipArchive package = ZipFile.OpenRead(PackageFeed.Find(name));
        foreach (ZipArchiveEntry entry in Ours(package))
        {
            string project = entry.Name == "nattn.dll"
                ? "NativeAttention.Tool"
                : Path.GetFileNameWithoutExtension(entry.Name);
            string folder = project == "NativeAttention.Bindings" ? "bindings" : "src";
            string built = Path.Combine(root, folder, project, "bin", PackageFeed.Configuration, "net10.0",
                entry.Name);
            Assert.That(Bytes(entry).AsSpan().SequenceEqual(File.ReadAllBytes(built)),
                $"{entry.FullName} is not {built}");
        }
    }

    [TestCaseSource(typeof(PackageFeed), nameof(PackageFeed.Names))]
    public void It_names_no_folder_of_the_machine_that_built_it(string name)
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] folders = [SourceTree.Root(), Path.Combine(home, ".nuget")];
        using ZipArchive package = ZipFile.OpenRead(PackageFeed.Find(name));
        foreach (ZipArchiveEntry entry in package.Entries)
        {
            byte[] bytes = Bytes(entry);
            foreach (byte[] path in folders.SelectMany(f =>
                (byte[][])[Encoding.UTF8.GetBytes(f), Encoding.Unicode.GetBytes(f)]))
            {
                Assert.That(bytes.AsSpan().IndexOf(path), Is.Negative, entry.FullName);
            }
        }
    }

    [TestCaseSource(typeof(PackageFeed), nameof(PackageFeed.Names))]
    public void Its_symbols_are_inside_and_name_sources_from_the_root_of_the_repository(string name)
    {
        using ZipArchive package = ZipFile.OpenRead(PackageFeed.Find(name));
        foreach (ZipArchiveEntry entry in Ours(package))
        {
            string[] sources = Sources(Bytes(entry));
            Assert.That(sources, Has.Length.GreaterThan(3), entry.FullName);
            Assert.That(sources, Has.All.StartsWith("/_/"), entry.FullName);
        }
    }

    private static IEnumerable<ZipArchiveEntry> Ours(ZipArchive package) => package.Entries.Where(e =>
        e.Name.EndsWith(".dll", StringComparison.Ordinal)
        && (e.Name.StartsWith("NativeAttention", StringComparison.Ordinal) || e.Name == "nattn.dll"));

    // What the container format itself demands.
    private static bool IsContainerPart(string file) =>
        file is "_rels/.rels" or "[Content_Types].xml" || file.EndsWith(".psmdcp", StringComparison.Ordinal);

    private static XElement Metadata(ZipArchive package)
    {
        using Stream stream = package.Entries.Single(e => Path.GetExtension(e.Name) == ".nuspec").Open();
        return XDocument.Load(stream).Root!.Elements().Single(e => e.Name.LocalName == "metadata");
    }

    private static string Text(XElement metadata, string name) =>
        metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name)?.Value ?? "";

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string[] Sources(byte[] assembly)
    {
        using PEReader image = new(new MemoryStream(assembly));
        DebugDirectoryEntry embedded =
            image.ReadDebugDirectory().Single(e => e.Type == DebugDirectoryEntryType.EmbeddedPortablePdb);
        using MetadataReaderProvider provider = image.ReadEmbeddedPortablePdbDebugDirectoryData(embedded);
        MetadataReader symbols = provider.GetMetadataReader();
        return [.. symbols.Documents.Select(d => symbols.GetString(symbols.GetDocument(d).Name))];
    }
}
