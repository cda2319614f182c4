using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace NativeAttention.PublicApi.Tests;

/// <summary>
/// Writes what an outsider sees of an assembly as text, one line a member, in an order that does not depend on the
/// source: so that a change of the public API is a visible line in a review.
/// </summary>
internal static class PublicApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>The text of an assembly.</summary>
    public static string Of(Assembly assembly)
    {
        StringBuilder text = new();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            IEnumerable<string> members = type.IsEnum ? EnumMembers(type)
                : typeof(Delegate).IsAssignableFrom(type) ? []
                : Members(type);
            foreach (string member in members)
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return $"delegate {Method(type.GetMethod("Invoke")!)} {Name(type)}";
        }

        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface"
            : type.IsValueType ? Struct(type)
            : type.IsAbstract && type.IsSealed ? "static class"
            : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
        IEnumerable<string> bases = type.IsEnum ? [Name(type.GetEnumUnderlyingType())]
            : type.GetInterfaces().Where(i => i.IsPublic || i.IsNestedPublic).Select(Name)
                .Order(StringComparer.Ordinal);
        if (type.IsClass && type.BaseType != typeof(object) && type.BaseType is not null)
        {
            bases = bases.Prepend(Name(type.BaseType));
        }

        string after = string.Join(", ", bases);
        return $"{kind} {type.Namespace}.{Name(type)}{(after.Length == 0 ? "" : " : " + after)}";
    }

    private static IEnumerable<string> EnumMembers(Type type) => type
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (f.Name, Value: Convert.ToInt64(f.GetRawConstantValue(), CultureInfo.InvariantCulture)))
        .OrderBy(f => f.Value).Select(f => $"{f.Name} = {f.Value}");

    private static IEnumerable<string> Members(Type type) => type.GetMembers(Declared)
        .Select(Member).OfType<string>().Order(StringComparer.Ordinal);

    private static string? Member(MemberInfo member) => member switch
    {
        FieldInfo f when Seen(f) => Field(f),
        PropertyInfo p when Accessor(p) is MethodInfo a => Modifiers(a) + Property(p),
        EventInfo e when Seen(e.AddMethod) =>
            $"{Modifiers(e.AddMethod!)}event {Name(e.EventHandlerType!)} {e.Name}",
        ConstructorInfo c when Seen(c) && !c.IsStatic =>
            $"{Access(c)}{Plain(c.DeclaringType!.Name)}({Parameters(c)})",
        MethodInfo m when Seen(m) && !Generated(m) => Modifiers(m) + Method(m),
        _ => null,
    };

    private static bool Generated(MethodInfo m) => m.IsDefined(typeof(CompilerGeneratedAttribute))
        || (m.IsSpecialName && !m.Name.StartsWith("op_", StringComparison.Ordinal));

    private static string Field(FieldInfo f)
    {
        string kind = f.IsLiteral ? "const " : f.IsStatic ? "static " : "";
        string type = Typed(f.FieldType, Nullability.Create(f));
        return $"{Access(f)}{kind}{(f.IsInitOnly ? "readonly " : "")}{type} {f.Name}";
    }

    private static string Property(PropertyInfo p) =>
        $"{Typed(p.PropertyType, Nullability.Create(p))} {p.Name}{Index(p)} {{ {Get(p)}{Set(p)}}}";

    private static string Method(MethodInfo m)
    {
        string result = Typed(m.ReturnType, Nullability.Create(m.ReturnParameter));
        Type[] arguments = m.GetGenericArguments();
        string generic = m.IsGenericMethod ? $"<{string.Join(", ", arguments.Select(Name))}>" : "";
        return $"{result} {m.Name}{generic}({Parameters(m)}){string.Concat(arguments.Select(Constraint))}";
    }

    private static string Constraint(Type parameter)
    {
        const GenericParameterAttributes valueType = GenericParameterAttributes.NotNullableValueTypeConstraint;
        bool unmanaged = parameter.GetCustomAttributesData()
            .Any(a => a.AttributeType.Name == "IsUnmanagedAttribute");
        return unmanaged ? $" where {parameter.Name} : unmanaged"
            : parameter.GenericParameterAttributes.HasFlag(valueType) ? $" where {parameter.Name} : struct" : "";
    }

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo p)
    {
        string by = p.IsOut ? "out " : p.ParameterType.IsByRef ? p.IsIn ? "in " : "ref " : "";
        string fallback = p.HasDefaultValue ? " = " + Literal(p) : "";
        return $"{by}{Typed(p.ParameterType, Nullability.Create(p))} {p.Name}{fallback}";
    }

    private static string Literal(ParameterInfo p) => p.DefaultValue switch
    {
        null when !p.ParameterType.IsValueType => "null",
        null => Nullable.GetUnderlyingType(p.ParameterType) is null ? "default" : "null",
        bool b => b ? "true" : "false",
        string s => $"\"{s}\"",
        object o => Convert.ToString(o, CultureInfo.InvariantCulture)!,
    };

    private static string Index(PropertyInfo p) => p.GetIndexParameters() is { Length: > 0 } index
        ? $"[{string.Join(", ", index.Select(i => $"{Name(i.ParameterType)} {i.Name}"))}]" : "";

    private static string Get(PropertyInfo p) => Seen(p.GetMethod) ? "get; " : "";

    private static string Set(PropertyInfo p) => !Seen(p.SetMethod) ? ""
        : p.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Length > 0 ? "init; " : "set; ";

    private static MethodInfo? Accessor(PropertyInfo p) =>
        Seen(p.GetMethod) ? p.GetMethod : Seen(p.SetMethod) ? p.SetMethod : null;

    private static bool Seen(MethodBase? m) =>
        m is not null && (m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly);

    private static bool Seen(FieldInfo f) => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly;

    private static string Access(MethodBase m) => m.IsPublic ? "" : "protected ";

    private static string Access(FieldInfo f) => f.IsPublic ? "" : "protected ";

    private static string Modifiers(MethodInfo m) => Access(m) + (m.IsStatic ? "static "
        : m.DeclaringType!.IsInterface ? ""
        : m.IsAbstract ? "abstract "
        : m.IsVirtual && !m.IsFinal ? m.GetBaseDefinition() == m ? "virtual " : "override "
        : "");

    private static string Struct(Type type) => (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")
        + (type.IsByRefLike ? "ref " : "") + "struct";

    // The type as written, with a question mark where a reference may be null.
    private static string Typed(Type type, NullabilityInfo info)
    {
        Type plain = type.IsByRef ? type.GetElementType()! : type;
        bool mayBeNull = !plain.IsValueType && !plain.IsGenericParameter
            && (info.ReadState == NullabilityState.Nullable || info.WriteState == NullabilityState.Nullable);
        return Name(plain, info) + (mayBeNull ? "?" : "");
    }

    private static string Name(Type type) => Name(type, null);

    private static string Name(Type type, NullabilityInfo? info)
    {
        if (Nullable.GetUnderlyingType(type) is Type value)
        {
            return Name(value) + "?";
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        string outer = type.IsNested && !type.IsGenericParameter ? Name(type.DeclaringType!) + "." : "";
        if (!type.IsGenericType)
        {
            return outer + Keyword(type);
        }

        NullabilityInfo[] inner = info?.GenericTypeArguments ?? [];
        IEnumerable<string> arguments = type.GetGenericArguments().Select((a, i) =>
            i < inner.Length ? Typed(a, inner[i]) : Name(a));
        return $"{outer}{Plain(type.Name)}<{string.Join(", ", arguments)}>";
    }

    private static string Plain(string name) => name.Split('`')[0];

    private static string Keyword(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => type.Name,
        TypeCode.Boolean => "bool",
        TypeCode.Byte => "byte",
        TypeCode.Int16 => "short",
        TypeCode.UInt16 => "ushort",
        TypeCode.Int32 => "int",
        TypeCode.UInt32 => "uint",
        TypeCode.Int64 => "long",
        TypeCode.UInt64 => "ulong",
        TypeCode.Single => "float",
        TypeCode.Double => "double",
        TypeCode.String => "string",
        _ => type == typeof(void) ? "void" : type == typeof(object) ? "object" : type == typeof(nint) ? "nint"
            : type == typeof(nuint) ? "nuint" : type.Name,
    };
}
