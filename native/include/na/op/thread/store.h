// Stores of one thread to global memory.
#pragma once

#include "na/math/element.h"

namespace na::thread {

// 16 bytes to a global address that is a multiple of 16. Comes after the loads written before it.
NA_DEVICE void store_global_16(u64 address, const u32 (&words)[4]) {
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
               :
               : "l"(address), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3])
               : "memory");
}

// Two neighbouring elements at once, to an address that is a multiple of both.
NA_DEVICE void store_pair(f32* to, f32 even, f32 odd) {
  struct alignas(8) Pair {
    f32 even;
    f32 odd;
  };
  *reinterpret_cast<Pair*>(to) = {even, odd};
}

template <class Narrow>
NA_DEVICE void store_pair(Narrow* to, f32 even, f32 odd) {
  *reinterpret_cast<u32*>(to) = narrow_pair<Narrow>(even, odd);
}

}  // namespace na::thread
