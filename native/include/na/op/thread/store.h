// Stores of one thread to global memory.
#pragma once

#include "na/base/config.h"

namespace na::thread {

// 16 bytes to a global address that is a multiple of 16. Comes after the loads written before it.
NA_DEVICE void store_global_16(u64 address, const u32 (&words)[4]) {
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
               :
               : "l"(address), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3])
               : "memory");
}

}  // namespace na::thread
