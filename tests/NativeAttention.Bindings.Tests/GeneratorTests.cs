using System.Runtime.InteropServices;
using NativeAttention.Bindings.Generator;

namespace NativeAttention.Bindings.Tests;

/// <summary>The generator reads clang's layouts right, and notices when a checked-in file is stale.</summary>
[TestFixture]
public sealed class GeneratorTests
{
    private const string Dump = """
        *** Dumping AST Record Layout
                 0 | struct na::Inner
                 0 |   const void * data
                 8 |   i64 long_stride
                   | [sizeof=16, dsize=16, align=8,
                   |  nvsize=16, nvalign=8]

        *** Dumping AST Record Layout
                 0 | struct na::OuterParams
                 0 |   struct na::Inner first
                 0 |     const void * data
                 8 |     i64 long_stride
                16 |   f32 * lse
                24 |   u32 flags
                   | [sizeof=32, dsize=28, align=8,
                   |  nvsize=28, nvalign=8]
        """;

    [Test]
    public void Direct_fields_are_read_and_nested_ones_left_to_their_struct()
    {
        IReadOnlyList<RecordLayout> records = ClangRecordLayouts.Parse(Dump);

        Assert.That(records.Select(record => (record.Name, record.Size)),
            Is.EqualTo(new[] { ("Inner", 16), ("OuterParams", 32) }));
        Assert.That(records[1].Fields.Select(field => (field.Offset, field.ManagedType, field.ManagedName)),
            Is.EqualTo(new[] { (0, "Inner", "First"), (16, "ulong", "Lse"), (24, "uint", "Flags") }));
    }

    [Test]
    public void A_type_without_a_fixed_width_is_refused_by_name()
    {
        RecordField field = new(0, "long", "count");

        Assert.That(() => field.ManagedType, Throws.TypeOf<GeneratorException>()
            .With.Message.Contains("'count' has type 'long'").And.Message.Contains("supported are i32"));
    }

    [Test]
    public void A_dump_without_our_structs_is_refused() =>
        Assert.That(() => ClangRecordLayouts.Parse("nothing"), Throws.TypeOf<GeneratorException>());

    [Test]
    public void Single_bit_flags_are_read()
    {
        IReadOnlyList<FlagsEnum> flags = FlagsEnum.ReadAll("enum Some : u32 {\n // why\n kFirst = 1u << 0,\n kThird = 1u << 2,\n};");

        Assert.That(flags.Single().Name, Is.EqualTo("Some"));
        Assert.That(flags.Single().Members, Is.EqualTo(new[] { ("First", 0), ("Third", 2) }));
    }

    [Test]
    public void Checked_in_files_are_current() => Assert.That(GeneratedFiles.Check(SourceTree.Root()), Is.Zero);

    [Test]
    public void A_changed_header_or_manifest_makes_the_files_stale()
    {
        string root = CopyOfInputs();
        try
        {
            Assert.That(GeneratedFiles.Check(root), Is.EqualTo(1), "nothing written yet");
            GeneratedFiles.Write(root);
            Assert.That(GeneratedFiles.Check(root), Is.Zero);

            ReplaceIn(Path.Combine(root, "native/include/na/attention/params.h"), "u32 reserved;", "u32 renamed;");
            Assert.That(GeneratedFiles.Check(root), Is.EqualTo(1), "a renamed field");
            GeneratedFiles.Write(root);
            ReplaceIn(Path.Combine(root, "native/manifest/kernels.json"), "\"threads\": 128", "\"threads\": 256");
            Assert.That(GeneratedFiles.Check(root), Is.EqualTo(1), "a changed block size");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Test]
    public void A_name_given_twice_in_the_manifest_is_refused()
    {
        string root = CopyOfInputs();
        try
        {
            ReplaceIn(Path.Combine(root, "native/manifest/kernels.json"), "na_dense_tiled_f16_d64_sm80", "na_dense_tiled_f16_d32_sm80");
            Assert.That(() => GeneratedFiles.Write(root), Throws.TypeOf<GeneratorException>()
                .With.Message.Contains("na_dense_tiled_f16_d32_sm80").And.Message.Contains("twice"));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Test]
    public void Managed_sizes_are_those_of_the_layout() => Assert.Multiple(() =>
    {
        Assert.That(Marshal.SizeOf<TensorRef>(), Is.EqualTo(32));
        Assert.That(Marshal.SizeOf<DenseForwardParams>(), Is.EqualTo(184));
        Assert.That((int)Marshal.OffsetOf<DenseForwardParams>(nameof(DenseForwardParams.Lse)), Is.EqualTo(128));
    });

    private static string CopyOfInputs()
    {
        string root = Directory.CreateTempSubdirectory("nattn-generator-").FullName;
        string native = Path.Combine(SourceTree.Root(), "native");
        IEnumerable<string> inputs = Directory.GetFiles(Path.Combine(native, "include"), "*.h", SearchOption.AllDirectories)
            .Append(Path.Combine(native, "manifest/kernels.json"));
        foreach (string path in inputs)
        {
            string copy = Path.Combine(root, Path.GetRelativePath(SourceTree.Root(), path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        return root;
    }

    private static void ReplaceIn(string path, string what, string with)
    {
        string text = File.ReadAllText(path);
        Assert.That(text, Does.Contain(what));
        File.WriteAllText(path, text.Replace(what, with, StringComparison.Ordinal));
    }
}
