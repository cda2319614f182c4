// The two products of attention on tiles in swizzled shared memory, by one warp on tensor cores: rows times rows, and
// accumulators times rows.
//
// A warp owns kRowTiles tiles of 16 rows and all kColumnTiles * 8 columns, so a row lives in the four lanes of a
// quad: with lane = 4g + t, row tile r of a lane holds rows 16 r + g ([0], [1]) and 16 r + g + 8 ([2], [3]) and, of
// each group of 8 columns, columns 2t and 2t + 1. Fragments are those of op/warp/operand.h.
#pragma once

#include "na/op/warp/operand.h"

namespace na {

template <class Element, u32 kRowTiles, u32 kColumnTiles, u32 kRowChunks>
struct TileProduct {
  using Operand = warp::Operand<Element>;
  using FragmentA = typename Operand::A;
  using FragmentB = typename Operand::B;
  using Scores = f32[kRowTiles][kColumnTiles][4];
  static constexpr u32 kRowBytes = kRowChunks * kChunkBytes;

  // Hides that an address is the same for every tile: else all addresses derived from it are kept in registers.
  static NA_DEVICE u32 opaque(u32 address) {
    asm volatile("" : "+r"(address));
    return address;
  }

  template <u32 kTiles>
  static NA_DEVICE void clear(f32 (&tiles)[kRowTiles][kTiles][4]) {
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 n = 0; n < kTiles; ++n) {
        NA_UNROLL
        for (u32 i = 0; i < 4; ++i) {
          tiles[r][n][i] = 0.0f;
        }
      }
    }
  }

  // scores[m][n] = rows[first_row + m][:] . columns[n][:]
  static NA_DEVICE void rows_by_rows(Scores& scores, u32 row_tile, u32 first_row, u32 column_tile, u32 lane) {
    clear(scores);
    add_rows_by_rows(scores, row_tile, first_row, column_tile, lane);
  }

  // scores[m][n] += rows[first_row + m][:] . columns[n][:]
  static NA_DEVICE void add_rows_by_rows(Scores& scores, u32 row_tile, u32 first_row, u32 column_tile, u32 lane) {
    const u32 rows = opaque(row_tile + swizzled_offset<kRowChunks>(first_row + (lane & 15u), lane >> 4));
    const u32 columns =
        opaque(column_tile + swizzled_offset<kRowChunks>((lane & 7u) + (lane >> 4) * 8, (lane >> 3) & 1u));
    NA_UNROLL
    for (u32 chunk = 0; chunk < kRowChunks; chunk += 2) {
      FragmentA a[kRowTiles];
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        u32 words[4];
        warp::ldmatrix_x4(words, advance_chunks<kRowChunks>(rows, chunk) + 16 * r * kRowBytes);
        a[r] = Operand::make_a(words);
      }
      NA_UNROLL
      for (u32 n = 0; n < kColumnTiles; n += 2) {
        u32 words[4];
        warp::ldmatrix_x4(words, advance_chunks<kRowChunks>(columns, chunk) + 8 * n * kRowBytes);
        const FragmentB b0 = Operand::make_b(words[0], words[1]);
        const FragmentB b1 = Operand::make_b(words[2], words[3]);
        NA_UNROLL
        for (u32 r = 0; r < kRowTiles; ++r) {
          Operand::multiply(scores[r][n], a[r], b0);
          Operand::multiply(scores[r][n + 1], a[r], b1);
        }
      }
    }
  }

  // output[m][d] += weights[m][:] . columns[:][d]
  template <u32 kDimTiles>
  static NA_DEVICE void accumulate(f32 (&output)[kRowTiles][kDimTiles][4], const Scores& weights, u32 column_tile,
                                   u32 lane) {
    const u32 columns = opaque(Operand::template value_address<kRowChunks>(column_tile, lane));
    NA_UNROLL
    for (u32 n = 0; n < kColumnTiles; n += Operand::kKeyTilesPerStep) {
      FragmentA a[kRowTiles];
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        a[r] = Operand::make_probabilities(&weights[r][n]);
      }
      NA_UNROLL
      for (u32 d = 0; d < kDimTiles; d += 2) {
        FragmentB b[2];
        Operand::template load_values<kRowChunks>(b, columns, 8 * n, d);
        NA_UNROLL
        for (u32 r = 0; r < kRowTiles; ++r) {
          Operand::multiply(output[r][d], a[r], b[0]);
          Operand::multiply(output[r][d + 1], a[r], b[1]);
        }
      }
    }
  }
};

}  // namespace na
