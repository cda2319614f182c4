using System.Reflection;
using System.Text.RegularExpressions;
using NativeAttention.Bindings;

namespace NativeAttention.Cuda.Tests;

public sealed partial class KernelCatalogTests
{
    private static IEnumerable<string> Names => KernelCatalog.Kernels.Select(kernel => kernel.Name);

    [TestCaseSource(nameof(Names))]
    public void The_ptx_is_what_the_manifest_says(string name)
    {
        KernelInfo kernel = KernelCatalog.Find(name);
        string ptx = kernel.ReadPtx();
        string entry = EntryOf(ptx, name);
        Match parameter = ParameterPattern().Match(entry);
        Match threads = ThreadsPattern().Match(entry);
        Assert.Multiple(() =>
        {
            Assert.That(parameter.Success, Is.True, "one parameter by value");
            Assert.That(int.Parse(parameter.Groups["bytes"].ValueSpan, null),
                Is.EqualTo(kernel.ParameterBytes));
            Assert.That(int.Parse(threads.Groups["x"].ValueSpan, null), Is.EqualTo(kernel.Threads));
            Assert.That(threads.Groups["rest"].Value, Is.EqualTo(", 1, 1"));
            Assert.That(ptx,
                Does.Contain(
                $".target sm_{kernel.MinComputeCapability.Major}{kernel.MinComputeCapability.Minor}"));
        });
    }

    [Test]
    public void Modules_hold_the_entries_of_the_manifest_and_no_others()
    {
        foreach (IGrouping<string, KernelInfo> module in KernelCatalog.Kernels.GroupBy(kernel =>
            kernel.Module))
        {
            IEnumerable<string> entries = EntryPattern().Matches(module.First().ReadPtx())
                .Select(m => m.Groups["name"].Value);
            Assert.That(entries, Is.EquivalentTo(module.Select(kernel => kernel.Name)), module.Key);
        }
    }

    [Test]
    public void Only_reference_kernels_may_use_local_memory()
    {
        foreach (KernelInfo kernel in KernelCatalog.Kernels.Where(kernel => !kernel.Rung.StartsWith("reference", StringComparison.Ordinal)))
        {
            Assert.That(EntryOf(kernel.ReadPtx(), kernel.Name), Does.Not.Match(@"\.local\b"), kernel.Name);
        }
    }

    [Test]
    public void Names_say_what_a_kernel_is()
    {
        Assert.Multiple(() =>
        {
            foreach (KernelInfo kernel in KernelCatalog.Kernels)
            {
                string type = kernel.ElementType switch
                {
                    ElementType.Float32 => "f32",
                    ElementType.Float16 => "f16",
                    _ => "bf16",
                };
                string dim = kernel.MaxHeadDim > 0 ? $"_d{kernel.MaxHeadDim}" : "";
                Assert.That(kernel.Name, Is.EqualTo(
                    $"na_{kernel.Family}_{kernel.Rung}_{type}{dim}_sm80"));
                Assert.That(kernel.ToString(), Is.EqualTo(kernel.Name));
            }
        });
        Assert.That(Names, Is.Unique);
        Assert.That(Names.Count(), Is.GreaterThanOrEqualTo(42));
    }

    [TestCase("na_dense_tiled_f32_d32_sm80", typeof(DenseForwardParams))]
    [TestCase("na_dense_tiled_mod_f32_d32_sm80", typeof(DenseModifiedParams))]
    [TestCase("na_neighborhood_tiled_f32_d32_sm80", typeof(NeighborhoodParams))]
    [TestCase("na_merge_simt_f32_sm80", typeof(MergeParams))]
    [TestCase("na_rotary_simt_f32_sm80", typeof(RotaryParams))]
    [TestCase("na_append_simt_f32_sm80", typeof(AppendParams))]
    [TestCase("na_backward_tiled_keys_f32_d32_sm80", typeof(BackwardParams))]
    [TestCase("na_delta_simt_f32_sm80", typeof(DeltaParams))]
    public void Parameter_fields_are_those_of_the_generated_struct(string name, Type parameters)
    {
        KernelInfo kernel = KernelCatalog.Find(name);
        Assert.That(kernel.Parameters, Is.EqualTo(Flatten(parameters, "", 0)));
        Assert.That(kernel.ParameterBytes, Is.EqualTo(parameters.StructLayoutAttribute!.Size));
        KernelParameterField last = kernel.Parameters[^1];
        Assert.That(last.Offset + last.Bytes, Is.EqualTo(kernel.ParameterBytes),
            "no hidden bytes at the end");
    }

    [Test]
    public void The_grid_is_query_tiles_times_heads_times_batch()
    {
        KernelInfo kernel = KernelCatalog.Find("na_dense_tiled_f16_d64_sm80");
        Assert.That(kernel.GridSize(new AttentionShape(3, kernel.QueriesPerBlock + 1, 7, 4, 2, 64)),
            Is.EqualTo(2 * 4 * 3));
        Assert.That(kernel.GridSize(new AttentionShape(3, 0, 7, 4, 2, 64)), Is.Zero);
        Assert.That(kernel.GridSize(new AttentionShape(int.MaxValue, 1 << 30, 7, 1 << 20, 2, 64)),
            Is.GreaterThan(int.MaxValue));
    }

    [Test]
    public void Other_families_take_any_grid() =>
        Assert.That(() => KernelCatalog.Find("na_merge_simt_f32_sm80").GridSize(new(1, 1, 1, 1, 1, 1)),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("family merge stride over"));

    [Test]
    public void Blocks_of_neighborhood_kernels_are_tiles_of_maps() =>
        Assert.That(() => KernelCatalog.Find("na_neighborhood_tiled_f32_d32_sm80").GridSize(new(1, 1, 1, 1, 1, 1)),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("each tile of a map"));

    [TestCase(-1, 8, 8, 4, 2, 64, "Batch is -1: it must be 0 or more.")]
    [TestCase(1, -8, 8, 4, 2, 64, "QueryLength is -8: it must be 0 or more.")]
    [TestCase(1, 8, -8, 4, 2, 64, "KeyLength is -8: it must be 0 or more.")]
    [TestCase(1, 8, 8, 0, 2, 64, "QueryHeads is 0: it must be 1 or more.")]
    [TestCase(1, 8, 8, 4, -2, 64, "KeyValueHeads is -2: it must be 1 or more.")]
    [TestCase(1, 8, 8, 4, 2, 0, "HeadDim is 0: it must be 1 or more.")]
    [TestCase(1, 8, 8, 4, 3, 64, "QueryHeads is 4: it must be a multiple of KeyValueHeads, which is 3.")]
    public void The_grid_of_an_impossible_shape_is_refused(int batch, int queries, int keys, int queryHeads,
        int keyValueHeads, int dim, string message)
    {
        KernelInfo kernel = KernelCatalog.Find("na_dense_tiled_f16_d64_sm80");
        AttentionShape shape = new(batch, queries, keys, queryHeads, keyValueHeads, dim);
        Assert.That(() => kernel.GridSize(shape),
            Throws.InstanceOf<ArgumentException>().With.Message.StartsWith(message)
                .And.Property(nameof(ArgumentException.ParamName)).EqualTo("shape"));
    }

    [Test]
    public void An_unknown_kernel_is_named()
    {
        Assert.That(() => KernelCatalog.Find("na_none"),
            Throws.ArgumentException.With.Message.Contains("'na_none'"));
    }

    private static string EntryOf(string ptx, string name)
    {
        int start = ptx.IndexOf($".entry {name}(", StringComparison.Ordinal);
        Assert.That(start, Is.GreaterThanOrEqualTo(0), $".entry {name}");
        int end = ptx.IndexOf("\n}", start, StringComparison.Ordinal);
        return ptx[start..end];
    }

    private static IEnumerable<KernelParameterField> Flatten(Type type, string prefix, int offset)
    {
        foreach (FieldInfo field in type.GetFields())
        {
            int at = offset
                + field.GetCustomAttribute<System.Runtime.InteropServices.FieldOffsetAttribute>()!.Value;
            if (field.FieldType.IsPrimitive)
            {
                int bytes = field.FieldType == typeof(ulong) || field.FieldType == typeof(long) ? 8 : 4;
                yield return new KernelParameterField(prefix + field.Name, at, bytes);
            }
            else
            {
                foreach (KernelParameterField inner in Flatten(field.FieldType, prefix + field.Name + ".",
                    at))
                {
                    yield return inner;
                }
            }
        }
    }

    [GeneratedRegex(@"\(\s*\.param \.align 8 \.b8 \w+\[(?<bytes>\d+)\]\s*\)")]
    private static partial Regex ParameterPattern();

    [GeneratedRegex(@"\.maxntid\s+(?<x>\d+)(?<rest>(, \d+)*)")]
    private static partial Regex ThreadsPattern();

    [GeneratedRegex(@"\.entry (?<name>\w+)")]
    private static partial Regex EntryPattern();
}
