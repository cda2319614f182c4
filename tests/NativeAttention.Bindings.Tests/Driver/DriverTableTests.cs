using System.Reflection;

namespace NativeAttention.Bindings.Tests;

/// <summary>The table itself: one field per export, exact ABI names, one unmanaged signature each.</summary>
internal sealed unsafe class DriverTableTests
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.NonPublic;

    private static IEnumerable<FieldInfo> Entries =>
        typeof(CudaDriver).GetFields(Hidden).Where(f => f.FieldType.IsFunctionPointer);

    [Test]
    public void Every_export_fills_the_field_of_its_name()
    {
        List<string> names = [""];
        DriverExports exports = new(name =>
        {
            names.Add(name);
            return names.Count - 1;
        });
        object driver = Activator.CreateInstance(
            typeof(CudaDriver), Hidden, null, [exports, new DriverOrigin("recorder", false, null)], null)!;

        Assert.That(Entries.Count(), Is.EqualTo(names.Count - 1));
        Assert.That(names, Is.Unique);
        Assert.Multiple(() =>
        {
            foreach (FieldInfo entry in Entries)
            {
                string export = names[(int)(nint)entry.GetValue(driver)!];
                Assert.That(Plain(export), Is.EqualTo(entry.Name));
            }
        });
    }

    [Test]
    public void Exports_without_the_suffix_of_their_64_bit_form_are_not_taken()
    {
        // Names that exist with and without _v2 and mean 32-bit sizes or an older contract without it.
        string[] bases =
        [
            "cuMemAlloc", "cuMemFree", "cuMemGetInfo", "cuMemGetAddressRange", "cuMemAllocHost",
            "cuMemHostRegister", "cuMemcpyHtoD", "cuMemcpyDtoH", "cuMemcpyDtoD", "cuMemcpyHtoDAsync",
            "cuMemcpyDtoHAsync", "cuMemcpyDtoDAsync", "cuMemsetD8", "cuDeviceTotalMem", "cuModuleGetGlobal",
            "cuStreamDestroy",
            "cuEventDestroy", "cuCtxPushCurrent", "cuCtxPopCurrent", "cuStreamBeginCapture",
            "cuDevicePrimaryCtxRelease", "cuDevicePrimaryCtxReset", "cuDeviceGetUuid",
        ];
        IEnumerable<string> taken = StubDriver.Exports.Select(e => e.Export);
        Assert.That(taken, Is.SupersetOf(bases.Select(b => b + "_v2")));
        Assert.That(taken.Intersect(bases), Is.Empty);
    }

    [Test]
    public void Entries_are_unmanaged_blittable_and_return_a_result()
    {
        Assert.Multiple(() =>
        {
            foreach (FieldInfo entry in Entries)
            {
                Type type = entry.FieldType;
                string name = entry.Name;
                Assert.That(type.IsUnmanagedFunctionPointer, name);
                Assert.That(type.GetFunctionPointerReturnType(), Is.EqualTo(typeof(CudaResult)), name);
                Assert.That(type.GetFunctionPointerCallingConventions(), Is.Empty, name);
                Assert.That(type.GetFunctionPointerParameterTypes(), Is.All.Matches<Type>(IsBlittable), name);
                Assert.That(entry.IsInitOnly, name);
            }
        });
    }

    private static bool IsBlittable(Type? type)
    {
        return type!.IsPointer || type.IsEnum || type.IsUnmanagedFunctionPointer
            || (type.IsPrimitive && type != typeof(bool) && type != typeof(char));
    }

    private static string Plain(string export)
    {
        string name = export[2..].Replace("_v2", "", StringComparison.Ordinal);
        return name == "OccupancyMaxActiveBlocksPerMultiprocessor" ? "OccupancyMaxActiveBlocks" : name;
    }
}
