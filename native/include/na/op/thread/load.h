// Loads of one thread from global memory.
#pragma once

#include "na/base/config.h"

namespace na::thread {

// 16 bytes from a global address that is a multiple of 16. Loads keep their order, so that those written one after
// another are in flight together.
NA_DEVICE void load_global_16(u32 (&words)[4], u64 address) {
  asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "l"(address));
}

}  // namespace na::thread
