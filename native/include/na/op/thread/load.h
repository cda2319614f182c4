// Loads of one thread from global memory.
#pragma once

#include "na/math/element.h"

namespace na::thread {

// 16 bytes from a global address that is a multiple of 16. Loads keep their order, so that those written one after
// another are in flight together.
NA_DEVICE void load_global_16(u32 (&words)[4], u64 address) {
  asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "l"(address));
}

// One entry of an operand as f32, or 0 without reading it. For memory that no thread writes meanwhile.
NA_DEVICE f32 load_if(const f32* from, bool valid) {
  f32 x;
  asm("{ .reg .pred valid; setp.ne.u32 valid, %2, 0; mov.f32 %0, 0f00000000; @valid ld.global.f32 %0, [%1]; }"
      : "=f"(x)
      : "l"(from), "r"(static_cast<u32>(valid)));
  return x;
}

template <class Element>
NA_DEVICE f32 load_if(const Element* from, bool valid) {
  Element x;
  asm("{ .reg .pred valid; setp.ne.u32 valid, %2, 0; mov.u16 %0, 0; @valid ld.global.u16 %0, [%1]; }"
      : "=h"(x.bits)
      : "l"(from), "r"(static_cast<u32>(valid)));
  return widen(x);
}

// One byte of a boolean mask, 0 without reading it.
NA_DEVICE u32 load_if(const u8* from, bool valid) {
  u32 x;
  asm("{ .reg .pred valid; setp.ne.u32 valid, %2, 0; mov.u32 %0, 0; @valid ld.global.u8 %0, [%1]; }"
      : "=r"(x)
      : "l"(from), "r"(static_cast<u32>(valid)));
  return x;
}

}  // namespace na::thread
