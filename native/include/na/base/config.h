// The few spellings that differ between clang without CUDA headers and nvcc. Macros live here and nowhere else.
#pragma once

#include "na/base/ints.h"

#if defined(__clang__) && !defined(__NVCC__)
#define NA_DEVICE __attribute__((device)) __attribute__((always_inline)) inline
#define NA_ENTRY(threads, blocks_per_sm) \
  extern "C" __attribute__((global)) __attribute__((launch_bounds(threads, blocks_per_sm))) void
#define NA_DYNAMIC_SHARED(name) extern __attribute__((shared)) __attribute__((aligned(1024))) ::na::u8 name[]
#define NA_LAMBDA __attribute__((always_inline))
#define NA_UNROLL _Pragma("unroll")
#define NA_NO_UNROLL _Pragma("unroll 1")
#else
#define NA_DEVICE __device__ __forceinline__
#define NA_ENTRY(threads, blocks_per_sm) extern "C" __global__ void __launch_bounds__(threads, blocks_per_sm)
#define NA_DYNAMIC_SHARED(name) extern __shared__ __align__(1024)::na::u8 name[]
#define NA_LAMBDA  // this compiler inlines lambdas by itself
#define NA_UNROLL _Pragma("unroll")
#define NA_NO_UNROLL _Pragma("unroll 1")
#endif
