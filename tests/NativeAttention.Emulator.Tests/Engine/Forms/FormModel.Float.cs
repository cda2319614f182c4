using System.Numerics;

namespace NativeAttention.Emulation.Tests;

/// <summary>Floating-point arithmetic and conversions, exact and then rounded once.</summary>
internal sealed partial class FormModel
{
    private bool IsApproximate => Has("approx") || Has("full");

    private ModelRounding Rounding => Has("rz") || Has("rzi") ? ModelRounding.Rz
        : Has("rm") || Has("rmi") ? ModelRounding.Rm : Has("rp") || Has("rpi") ? ModelRounding.Rp
        : Has("rna") ? ModelRounding.Rna : ModelRounding.Rn;

    private ulong Arithmetic(ulong[] o)
    {
        if (!IsPair(T))
        {
            return One(o);
        }
        ulong low = One([.. o.Select(x => (ulong)(ushort)x)]);
        return low | (One([.. o.Select(x => (ulong)(ushort)(x >> 16))]) << 16);
    }

    private ulong One(ulong[] o)
    {
        ModelFormat format = ModelFormat.Of(T);
        bool flushes = Has("ftz");
        ulong[] bits = [.. o.Select(x => flushes ? format.Flush(x) : x)];
        ulong result = Mnemonic switch
        {
            "abs" => bits[0] & ~format.Sign,
            "neg" => bits[0] ^ format.Sign,
            "min" or "max" => Extreme(bits[0], bits[1], format),
            "sqrt" => Rational.Decode(bits[0], format).RoundRoot(format, Rounding),
            _ => Exact([.. bits.Select(b => Rational.Decode(b, format))]).Round(format, Rounding),
        };
        result = flushes ? format.Flush(result) : result;
        result = Has("sat") ? Saturate(result, format) : result;
        return Has("relu") ? Relu(result, format) : result;
    }

    private Rational Exact(Rational[] x) => Mnemonic switch
    {
        "add" => Rational.Add(x[0], x[1], Rounding),
        "sub" => Rational.Add(x[0], -x[1], Rounding),
        "mul" => x[0] * x[1],
        "fma" or "mad" => Rational.Add(x[0] * x[1], x[2], Rounding),
        "div" => x[0] / x[1],
        "rcp" => Rational.Of(1) / x[0],
        _ => throw new NotSupportedException($"no model of {string.Join('.', _parts)}"),
    };

    private static ulong Saturate(ulong bits, ModelFormat format)
    {
        double x = Rational.Decode(bits, format).Approximation;
        return !(x > 0) ? 0 : x >= 1 ? Rational.Of(1).Round(format, ModelRounding.Rn) : bits;
    }

    private static ulong Relu(ulong bits, ModelFormat format) =>
        format.IsNaN(bits) ? format.NaN : (bits & format.Sign) != 0 ? 0 : bits;

    private ulong Extreme(ulong a, ulong b, ModelFormat format)
    {
        ulong sign = (a ^ b) & format.Sign;
        if (Has("xorsign"))
        {
            (a, b) = (a & ~format.Sign, b & ~format.Sign);
        }
        if ((format.IsNaN(a) && format.IsNaN(b)) || (Has("NaN") && (format.IsNaN(a) || format.IsNaN(b))))
        {
            return format.NaN;
        }
        ulong result = format.IsNaN(a) ? b : format.IsNaN(b) ? a : Pick(a, b, format);
        return Has("xorsign") ? (result & ~format.Sign) | sign : result;
    }

    private ulong Pick(ulong a, ulong b, ModelFormat format)
    {
        double x = Rational.Decode(a, format).Approximation;
        double y = Rational.Decode(b, format).Approximation;
        double picked = Mnemonic == "min" ? Math.Min(x, y) : Math.Max(x, y);
        return BitConverter.DoubleToInt64Bits(picked) == BitConverter.DoubleToInt64Bits(x) ? a : b;
    }

    /// <summary>Approximate instructions: within the error that the ISA states, and right where it fixes the
    /// value.</summary>
    private bool IsNear(ulong a, ulong b, ulong got)
    {
        ModelFormat format = ModelFormat.Of(T);
        bool flushes = Has("ftz");
        double x = Rational.Decode(flushes ? format.Flush(a) : a, format).Approximation;
        double y = Rational.Decode(flushes ? format.Flush(b) : b, format).Approximation;
        double wanted = Function(x, y);
        double result = Rational.Decode(got, format).Approximation;
        if (double.IsNaN(wanted))
        {
            return double.IsNaN(result) && got == format.NaN;
        }
        double largest = Rational.Decode(format.Largest, format).Approximation;
        double smallest = Math.ScaleB(1, 1 - format.Bias);
        if (flushes && Math.Abs(wanted) < smallest)
        {
            // Around the smallest normal number either side of the flush will do.
            return result == 0 || Math.Abs(result) <= smallest * (1 + Error);
        }
        if (Math.Abs(wanted) > largest)
        {
            return double.IsInfinity(result) ? Math.Sign(result) == Math.Sign(wanted) : Math.Abs(wanted) < largest * 1.01;
        }
        double step = Math.ScaleB(1, 1 - format.Bias - format.Fraction);
        bool isAbsolute = Mnemonic is "sin" or "cos" or "lg2";
        double bound = Math.Max(Error * (isAbsolute ? Math.Max(1, Math.Abs(wanted)) : Math.Abs(wanted)), step);
        return Math.Abs(result - wanted) <= bound && (wanted != 0 || Math.Abs(result) <= bound);
    }

    private double Function(double x, double y) => Mnemonic switch
    {
        "rcp" => 1 / x,
        "sqrt" => Math.Sqrt(x),
        "rsqrt" => 1 / Math.Sqrt(x),
        "ex2" => Math.Pow(2, x),
        "lg2" => Math.Log2(x),
        "sin" => Math.Sin(x),
        "cos" => Math.Cos(x),
        "tanh" => Math.Tanh(x),
        "div" => x / y,
        _ => throw new NotSupportedException($"no model of {string.Join('.', _parts)}"),
    };

    /// <summary>The emulator aims at one unit in the last place, whatever more the hardware may take.</summary>
    private double Error => T switch
    {
        "f64" => Has("ftz") ? Math.ScaleB(1, -19) : Math.ScaleB(1, -51),
        "f32" => Math.ScaleB(1, -22),
        "f16" or "f16x2" => Math.ScaleB(1, -10),
        _ => Math.ScaleB(1, -7),
    };

    private ulong Convert(ulong[] o)
    {
        string to = T;
        string from = U;
        if (!IsPair(to))
        {
            ulong result = ConvertOne(o[0], from, to);
            // The narrowest registers have 16 bits; there the sign goes on.
            return to == "s8" ? (ushort)(sbyte)result : result;
        }
        int half = BitsOf(to) / 2;
        int sourceHalf = BitsOf(from) / 2;
        (ulong high, ulong low) = IsPair(from)
            ? (o[0] >> sourceHalf, o[0] & ((1UL << sourceHalf) - 1)) : (o[0], o[1]);
        return (ConvertOne(high, from, to) << half) | ConvertOne(low, from, to);
    }

    private ulong ConvertOne(ulong a, string from, string to)
    {
        bool roundsToInteger = Has("rni") || Has("rzi") || Has("rmi") || Has("rpi");
        Rational x;
        if (IsFloat(from))
        {
            ModelFormat source = ModelFormat.Of(from);
            a &= source.Sign | (source.Sign - 1);
            x = Rational.Decode(Has("ftz") && from == "f32" ? source.Flush(a) : a, source);
        }
        else
        {
            x = Rational.Of(Read(a, from));
        }
        if (!IsFloat(to))
        {
            return ToInteger(x, from, to);
        }
        if (roundsToInteger && !x.IsNaN && !x.IsInfinite)
        {
            BigInteger whole = x.ToInteger(Rounding);
            x = Rational.Of(whole) with { IsNegative = x.IsNegative };
        }
        ModelFormat format = ModelFormat.Of(to);
        ulong result = x.Round(format, Rounding);
        result = Has("ftz") && to == "f32" ? format.Flush(result) : result;
        result = Has("sat") ? Saturate(result, format) : result;
        if (Has("satfinite") && !x.IsNaN && (result & (format.Sign - 1)) > format.Largest)
        {
            result = (result & format.Sign) | format.Largest;
        }
        return Has("relu") ? Relu(result, format) : result;
    }

    private ulong ToInteger(Rational x, string from, string to)
    {
        int bits = BitsOf(to);
        if (x.IsNaN)
        {
            return from == "f64" || bits == 64 ? 1UL << (bits - 1) : 0;
        }
        BigInteger low = to[0] == 's' ? -(BigInteger.One << (bits - 1)) : 0;
        BigInteger high = (BigInteger.One << (to[0] == 's' ? bits - 1 : bits)) - 1;
        BigInteger value = x.IsInfinite ? x.IsNegative ? low : high : x.ToInteger(Rounding);
        bool clamps = IsFloat(from) || Has("sat");
        return Cut(clamps ? BigInteger.Max(low, BigInteger.Min(high, value)) : value, bits);
    }
}
