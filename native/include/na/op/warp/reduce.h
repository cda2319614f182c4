// Reductions over lanes. In an mma tile the quad of lanes 4g..4g+3 shares the rows g and g + 8, and the column of
// lanes t, t + 4, ... t + 28 the columns 2t and 2t + 1.
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

NA_DEVICE f32 column_sum(f32 x) {
  x += shuffle_xor(x, 4);
  x += shuffle_xor(x, 8);
  return x + shuffle_xor(x, 16);
}

// The largest of all lanes.
NA_DEVICE u32 warp_max(u32 x) {
  u32 y;
  asm("redux.sync.max.u32 %0, %1, 0xffffffff;" : "=r"(y) : "r"(x));
  return y;
}

}  // namespace na::warp
