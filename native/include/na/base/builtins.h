// Thread and block coordinates and small integer helpers: stands in for the CUDA headers.
#pragma once

#include "na/base/config.h"

namespace na {

#if defined(__clang__) && !defined(__NVCC__)
NA_DEVICE u32 thread_index() { return __nvvm_read_ptx_sreg_tid_x(); }
NA_DEVICE u32 block_index() { return __nvvm_read_ptx_sreg_ctaid_x(); }
NA_DEVICE u32 block_count() { return __nvvm_read_ptx_sreg_nctaid_x(); }
#else
NA_DEVICE u32 thread_index() { return threadIdx.x; }
NA_DEVICE u32 block_index() { return blockIdx.x; }
NA_DEVICE u32 block_count() { return gridDim.x; }
#endif

NA_DEVICE u32 lane_index() { return thread_index() & 31u; }

template <class T>
NA_DEVICE constexpr T min_of(T a, T b) {
  return b < a ? b : a;
}

template <class T>
NA_DEVICE constexpr T max_of(T a, T b) {
  return a < b ? b : a;
}

template <class T>
NA_DEVICE constexpr T ceil_div(T a, T b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

}  // namespace na
