// What a matrix product of one element type looks like to the attention loop.
//
// Both kinds step through k by 32 bytes of a row (two chunks): 16 halves or 8 floats, so ldmatrix addresses are the
// same for both. They differ in the instruction, in how probabilities become an A fragment, and in how V is read:
//
//   16-bit   one m16n8k16; P of two neighbouring key tiles is the A fragment once rounded; V through ldmatrix.trans.
//   f32      three m16n8k8 of tf32 (3xTF32): x = high + low, a.b = high.high + high.low + low.high, which keeps about
//            21 bits (the CUTLASS example "27_ampere_3xtf32_fast_accurate_tensorop_gemm" has the idea and its error).
//            P of one key tile is the A fragment with keys taken in the order 0 2 4 6 1 3 5 7, so V is read in that
//            order, word by word.
#pragma once

#include "na/op/block/shared_memory.h"
#include "na/op/warp/ldmatrix.h"
#include "na/op/warp/mma.h"
#include "na/tile/swizzle.h"

namespace na::warp {

template <class Element>
struct Operand {
  static constexpr u32 kKeyTilesPerStep = 2;  // key tiles of 8 that one k step of P V consumes

  struct A {
    u32 words[4];
  };

  struct B {
    u32 words[2];
  };

  static NA_DEVICE A make_a(const u32 (&w)[4]) { return {{w[0], w[1], w[2], w[3]}}; }

  static NA_DEVICE B make_b(u32 w0, u32 w1) { return {{w0, w1}}; }

  // p: accumulators of the key tiles of one step, already exponentiated.
  static NA_DEVICE A make_probabilities(const f32 (*p)[4]) {
    return {{narrow_pair<Element>(p[0][0], p[0][1]), narrow_pair<Element>(p[0][2], p[0][3]),
             narrow_pair<Element>(p[1][0], p[1][1]), narrow_pair<Element>(p[1][2], p[1][3])}};
  }

  // Where a lane starts to read V: what `load_values` is given, for key 0 and value tile 0.
  template <u32 kRowChunks>
  static NA_DEVICE u32 value_address(u32 tile_address, u32 lane) {
    return tile_address + swizzled_offset<kRowChunks>(lane & 15u, lane >> 4);
  }

  // B fragments of values [key0, key0 + 16) for the value tiles `dim_tile` (even) and `dim_tile` + 1, 8 columns each.
  template <u32 kRowChunks>
  static NA_DEVICE void load_values(B (&b)[2], u32 address, u32 key0, u32 dim_tile) {
    u32 w[4];
    ldmatrix_x4_transposed(w, advance_chunks<kRowChunks>(address, dim_tile) + key0 * kRowChunks * kChunkBytes);
    b[0] = make_b(w[0], w[1]);
    b[1] = make_b(w[2], w[3]);
  }

  static NA_DEVICE void multiply(f32 (&c)[4], const A& a, const B& b) {
    mma_m16n8k16<Element>(c, a.words, b.words[0], b.words[1]);
  }
};

// The nearest tf32 value (ties away from zero) as f32 bits. By integers: cvt.rna.tf32 expands to about ten
// instructions on sm_90. A NaN may come out as a number, but then the remainder is NaN.
NA_DEVICE u32 round_to_tf32(u32 bits) { return (bits + 0x1000u) & 0xffffe000u; }

// What tf32 left of x, exact. The tensor core ignores its 13 low bits, which weigh 2^-21 of x.
NA_DEVICE u32 tf32_remainder(u32 bits, u32 high) {
  return __builtin_bit_cast(u32, __builtin_bit_cast(f32, bits) - __builtin_bit_cast(f32, high));
}

template <>
struct Operand<f32> {
  static constexpr u32 kKeyTilesPerStep = 1;

  struct A {
    u32 high[4];
    u32 low[4];
  };

  struct B {
    u32 high[2];
    u32 low[2];
  };

  static NA_DEVICE A make_a(const u32 (&w)[4]) {
    A a;
    NA_UNROLL
    for (u32 i = 0; i < 4; ++i) {
      a.high[i] = round_to_tf32(w[i]);
      a.low[i] = tf32_remainder(w[i], a.high[i]);
    }
    return a;
  }

  static NA_DEVICE B make_b(u32 w0, u32 w1) {
    const u32 h0 = round_to_tf32(w0);
    const u32 h1 = round_to_tf32(w1);
    return {{h0, h1}, {tf32_remainder(w0, h0), tf32_remainder(w1, h1)}};
  }

  static NA_DEVICE A make_probabilities(const f32 (*p)[4]) {
    const u32 words[4] = {__builtin_bit_cast(u32, p[0][0]), __builtin_bit_cast(u32, p[0][2]),
                          __builtin_bit_cast(u32, p[0][1]), __builtin_bit_cast(u32, p[0][3])};
    return make_a(words);
  }

  template <u32 kRowChunks>
  static NA_DEVICE u32 value_address(u32 tile_address, u32 lane) {
    const u32 column = lane >> 2;
    return tile_address + swizzled_offset<kRowChunks>(2 * (lane & 3u), column >> 2) + 4 * (column & 3u);
  }

  // The row of an odd key lies one row further, where the swizzle flips the lowest chunk bit.
  template <u32 kRowChunks>
  static NA_DEVICE void load_values(B (&b)[2], u32 address, u32 key0, u32 dim_tile) {
    NA_UNROLL
    for (u32 i = 0; i < 2; ++i) {
      const u32 even = advance_chunks<kRowChunks>(address, 2 * (dim_tile + i)) + key0 * kRowChunks * kChunkBytes;
      const u32 odd = (even ^ kChunkBytes) + kRowChunks * kChunkBytes;
      b[i] = make_b(__builtin_bit_cast(u32, block::load_f32(even)), __builtin_bit_cast(u32, block::load_f32(odd)));
    }
  }

  // The small products first: they would be lost against a large sum.
  static NA_DEVICE void multiply(f32 (&c)[4], const A& a, const B& b) {
    mma_m16n8k8_tf32(c, a.low, b.high[0], b.high[1]);
    mma_m16n8k8_tf32(c, a.high, b.low[0], b.low[1]);
    mma_m16n8k8_tf32(c, a.high, b.high[0], b.high[1]);
  }
};

}  // namespace na::warp
