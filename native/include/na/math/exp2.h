// Base-2 exponential and logarithm, and the constants that lead to and from natural units.
#pragma once

#include "na/base/config.h"

namespace na {

constexpr f32 kLog2E = 1.4426950408889634f;
constexpr f32 kLn2 = 0.6931471805599453f;

// 2^x; relative error about 2^-22; exp2(-inf) = 0.
NA_DEVICE f32 exp2(f32 x) {
  f32 y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// log2 x; absolute error about 2^-22 near 1; log2(0) = -inf.
NA_DEVICE f32 log2(f32 x) {
  f32 y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

NA_DEVICE constexpr f32 infinity() { return __builtin_huge_valf(); }

// x * y rounded to f32 before it is used: never part of a fused multiply-add.
NA_DEVICE f32 multiply_rounded(f32 x, f32 y) {
  f32 product;
  asm("mul.rn.f32 %0, %1, %2;" : "=f"(product) : "f"(x), "f"(y));
  return product;
}

// The larger operand; a NaN yields the other one.
NA_DEVICE f32 max_ignoring_nan(f32 a, f32 b) {
  f32 y;
  asm("max.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
  return y;
}

}  // namespace na
