// The products of a tile of queries and a tile of keys in swizzled shared memory, by one warp on tensor cores.
//
// Each warp owns kRowTiles tiles of 16 query rows and all keys of the tile, so a row lives in the four lanes of a
// quad: with lane = 4g + t, row tile r of a lane holds rows 16 r + g ([0], [1]) and 16 r + g + 8 ([2], [3]) and, of
// each group of 8 columns, columns 2t and 2t + 1.
#pragma once

#include "na/op/warp/operand.h"

namespace na {

template <class Element, u32 kRowTiles, u32 kKeyTiles, u32 kRowChunks>
struct ScoreProduct {
  using Operand = warp::Operand<Element>;
  using Scores = f32[kRowTiles][kKeyTiles][4];
  static constexpr u32 kRowBytes = kRowChunks * kChunkBytes;

  // Hides that an address is the same for every tile: else all addresses derived from it are kept in registers.
  static NA_DEVICE u32 opaque(u32 address) {
    asm volatile("" : "+r"(address));
    return address;
  }

  static NA_DEVICE void clear(Scores& scores) {
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 n = 0; n < kKeyTiles; ++n) {
        NA_UNROLL
        for (u32 i = 0; i < 4; ++i) {
          scores[r][n][i] = 0.0f;
        }
      }
    }
  }

  // scores[m][n] += q[first_row + m][:] . k[n][:]
  static NA_DEVICE void accumulate(Scores& scores, u32 query_tile, u32 key_tile, u32 first_row, u32 lane) {
    const u32 queries = opaque(query_tile + swizzled_offset<kRowChunks>(first_row + (lane & 15u), lane >> 4));
    const u32 keys = opaque(key_tile + swizzled_offset<kRowChunks>((lane & 7u) + (lane >> 4) * 8, (lane >> 3) & 1u));
    NA_UNROLL
    for (u32 chunk = 0; chunk < kRowChunks; chunk += 2) {
      typename Operand::A q[kRowTiles];
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        u32 words[4];
        warp::ldmatrix_x4(words, advance_chunks<kRowChunks>(queries, chunk) + 16 * r * kRowBytes);
        q[r] = Operand::make_a(words);
      }
      NA_UNROLL
      for (u32 n = 0; n < kKeyTiles; n += 2) {
        u32 words[4];
        warp::ldmatrix_x4(words, advance_chunks<kRowChunks>(keys, chunk) + 8 * n * kRowBytes);
        const typename Operand::B k0 = Operand::make_b(words[0], words[1]);
        const typename Operand::B k1 = Operand::make_b(words[2], words[3]);
        NA_UNROLL
        for (u32 r = 0; r < kRowTiles; ++r) {
          Operand::multiply(scores[r][n], q[r], k0);
          Operand::multiply(scores[r][n + 1], q[r], k1);
        }
      }
    }
  }
};

}  // namespace na
