// Reductions over the four lanes of a quad: the lanes 4g..4g+3 that share the rows g and g + 8 of an mma tile.
#pragma once

#include "na/math/exp2.h"

namespace na::warp {

NA_DEVICE f32 shuffle_xor(f32 x, u32 lane_mask) {
  f32 y;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;" : "=f"(y) : "f"(x), "r"(lane_mask));
  return y;
}

NA_DEVICE f32 quad_max(f32 x) {
  x = max_ignoring_nan(x, shuffle_xor(x, 1));
  return max_ignoring_nan(x, shuffle_xor(x, 2));
}

NA_DEVICE f32 quad_sum(f32 x) {
  x += shuffle_xor(x, 1);
  return x + shuffle_xor(x, 2);
}

}  // namespace na::warp
