// Warp-level matrix products, one instruction a function: c[16][8] += a[16][k] . b[k][8], f32 accumulators.
//
// lane = 4g + t. c[0], c[1]: row g, columns 2t, 2t + 1; c[2], c[3]: row g + 8. Fragments of a and b: PTX ISA,
// "Matrix Fragments for mma.m16n8k16" (16-bit) and "mma.m16n8k8" (tf32).
#pragma once

#include "na/math/element.h"

namespace na::warp {

template <class Element>
NA_DEVICE void mma_m16n8k16(f32 (&c)[4], const u32 (&a)[4], u32 b0, u32 b1);

template <>
NA_DEVICE void mma_m16n8k16<f16>(f32 (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <>
NA_DEVICE void mma_m16n8k16<bf16>(f32 (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

NA_DEVICE void mma_m16n8k8_tf32(f32 (&c)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

}  // namespace na::warp
