// The element types of tensors in memory, and their conversions to and from f32.
//
// Each type is a bag of bits with a `widen`; `narrow` and `narrow_pair` round to nearest even. A pair is one 32-bit
// word with the first element in its low half, as memory order and mma fragments want it.
#pragma once

#include "na/base/config.h"

namespace na {

struct f16 {
  u16 bits;
};

struct bf16 {
  u16 bits;
};

NA_DEVICE f32 widen(f16 x) {
  f32 y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
}

NA_DEVICE f32 widen(bf16 x) {
  f32 y;
  asm("mov.b32 %0, {%1, %2};" : "=f"(y) : "h"(static_cast<u16>(0)), "h"(x.bits));
  return y;
}

NA_DEVICE f32 widen(f32 x) { return x; }

// Two values to one word of Element pairs: `low` first in memory.
template <class Element>
NA_DEVICE u32 narrow_pair(f32 low, f32 high);

template <>
NA_DEVICE u32 narrow_pair<f16>(f32 low, f32 high) {
  u32 pair;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

template <>
NA_DEVICE u32 narrow_pair<bf16>(f32 low, f32 high) {
  u32 pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

template <class Element>
NA_DEVICE Element narrow(f32 x) {
  return Element{static_cast<u16>(narrow_pair<Element>(x, 0.0f))};
}

template <>
NA_DEVICE f32 narrow<f32>(f32 x) {
  return x;
}

}  // namespace na
