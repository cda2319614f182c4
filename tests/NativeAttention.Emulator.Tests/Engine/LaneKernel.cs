using System.Globalization;
using System.Text;

namespace NativeAttention.Emulation.Tests;

/// <summary>
/// Builds a kernel around one instruction: operands come from buffers of 64-bit cells, the instruction runs
/// under a mask of lanes, and the destination, preset with a sentinel, goes back to a buffer. Placeholders
/// are d, a, b, c in braces; types are b16, b32, b64, f32, f64 or pred.
/// </summary>
internal static class LaneKernel
{
    public const ulong Sentinel = 0x5EA7_5EA7_5EA7_5EA7;

    /// <summary>A device that has every instruction.</summary>
    public static EmulatorOptions Options { get; } =
        EmulatorOptions.Default with { Threads = 1, Target = "sm_90a" };

    /// <summary>Runs the instruction on 32 lanes and returns the destination of each,
    /// zero-extended.</summary>
    public static ulong[] Run(
        string instruction, string dType, string[] operandTypes, ulong[][] operands, uint mask,
        EmulatorOptions? options = null)
    {
        using PtxMachine machine = new(Build(instruction, dType, operandTypes), options ?? Options);
        return Run(machine, operands, mask);
    }

    public static ulong[] Run(PtxMachine machine, ulong[][] operands, uint mask)
    {
        int lanes = operands.Length > 0 ? operands[0].Length : 32;
        List<object> arguments = [machine.Upload<ulong>(Enumerable.Repeat(Sentinel, lanes).ToArray()), mask];
        arguments.AddRange(operands.Select(o => (object)machine.Upload<ulong>(o)));
        EmulatorFault? fault = machine.Launch(((uint)lanes / 32, 1, 1), (32, 1, 1), 0, null, [.. arguments]);
        Assert.That(fault, Is.Null, fault?.ToString());
        return machine.Download<ulong>((ulong)arguments[0], lanes);
    }

    public const string Header = ".version 8.4\n.target sm_90a\n.address_size 64\n";

    public static string Build(string instruction, string dType, string[] operandTypes) =>
        Header + Entry("k", instruction, dType, operandTypes);

    /// <summary>One entry of a module.</summary>
    public static string Entry(string name, string instruction, string dType, string[] operandTypes)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $".visible .entry {name}(.param .u64 d, .param .u32 mask");
        for (int i = 0; i < operandTypes.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $", .param .u64 o{i}");
        }
        text.Append(
            ")\n{\n.reg .pred %p<8>; .reg .b16 %rs<8>; .reg .b32 %r<16>; .reg .b64 %rd<16>; .reg .f32 %f<8>; .reg .f64 %fd<8>;\n");
        text.Append(
            "mov.u32 %r10, %tid.x; mov.u32 %r11, %ctaid.x; shl.b32 %r12, %r11, 5; add.u32 %r12, %r12, %r10;\n");
        text.Append("mul.wide.u32 %rd10, %r12, 8;\nld.param.u64 %rd11, [d]; add.u64 %rd11, %rd11, %rd10;\n");
        for (int i = 0; i < operandTypes.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"ld.param.u64 %rd12, [o{i}]; add.u64 %rd12, %rd12, %rd10;\n");
            text.Append(Load(operandTypes[i], i + 1, "%rd12"));
        }
        text.Append(Load(dType, 0, "%rd11"));
        text.Append(
            "ld.param.u32 %r13, [mask]; shr.u32 %r13, %r13, %r10; and.b32 %r13, %r13, 1; setp.eq.u32 %p7, %r13, 0;\n");
        text.Append("@%p7 bra SKIP;\n");
        string body = instruction.Replace("{d}", Register(dType, 0), StringComparison.Ordinal);
        for (int i = 0; i < operandTypes.Length; i++)
        {
            body = body.Replace($"{{{(char)('a' + i)}}}", Register(operandTypes[i], i + 1),
                StringComparison.Ordinal);
        }
        text.Append(body).Append("\nSKIP:\n").Append(Store(dType)).Append("ret;\n}\n");
        return text.ToString();
    }

    /// <summary>The register of operand <paramref name="index"/>; the destination is number 0.</summary>
    public static string Register(string type, int index) => type switch
    {
        "pred" => $"%p{index}",
        "b16" => $"%rs{index}",
        "b32" => $"%r{index}",
        "b64" => $"%rd{index}",
        "f32" => $"%f{index}",
        "f64" => $"%fd{index}",
        _ => throw new ArgumentException(type, nameof(type)),
    };

    private static string Load(string type, int index, string address) => type switch
    {
        "pred" =>
            $"ld.global.u32 %r14, [{address}]; and.b32 %r14, %r14, 1; setp.ne.u32 %p{index}, %r14, 0;\n",
        _ => $"ld.global.{type} {Register(type, index)}, [{address}];\n",
    };

    private static string Store(string type) => type switch
    {
        "pred" => "selp.u64 %rd15, 1, 0, %p0; st.global.u64 [%rd11], %rd15;\n",
        "b16" => "cvt.u64.u16 %rd15, %rs0; st.global.u64 [%rd11], %rd15;\n",
        "b32" => "cvt.u64.u32 %rd15, %r0; st.global.u64 [%rd11], %rd15;\n",
        "f32" => "mov.b32 %r14, %f0; cvt.u64.u32 %rd15, %r14; st.global.u64 [%rd11], %rd15;\n",
        "f64" => "mov.b64 %rd15, %fd0; st.global.u64 [%rd11], %rd15;\n",
        _ => "st.global.u64 [%rd11], %rd0;\n",
    };

    /// <summary>What an untouched lane holds.</summary>
    public static ulong SentinelOf(string type) => type switch
    {
        "pred" => Sentinel & 1,
        "b16" => unchecked((ushort)Sentinel),
        "b32" or "f32" => unchecked((uint)Sentinel),
        _ => Sentinel,
    };
}
