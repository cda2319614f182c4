// Four 8x8 matrices of 16-bit elements (or 8x4 of 32-bit ones) from shared memory to registers.
//
// Lane 8j + r gives the address of row r of matrix j: 16 aligned bytes. With lane = 4g + t, register j of a lane then
// holds the t-th 32-bit word of row g of matrix j; transposed: elements (2t, g) low and (2t + 1, g) high.
#pragma once

#include "na/base/config.h"

namespace na::warp {

NA_DEVICE void ldmatrix_x4(u32 (&words)[4], u32 row_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(row_address)
               : "memory");
}

NA_DEVICE void ldmatrix_x4_transposed(u32 (&words)[4], u32 row_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(row_address)
               : "memory");
}

}  // namespace na::warp
