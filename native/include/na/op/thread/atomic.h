// Atomic updates of global memory by one thread.
#pragma once

#include "na/base/config.h"

namespace na::thread {

// *to <- the larger of *to and x. The order of updates does not matter.
NA_DEVICE void raise(u32* to, u32 x) { asm volatile("red.global.max.u32 [%0], %1;" : : "l"(to), "r"(x) : "memory"); }

}  // namespace na::thread
