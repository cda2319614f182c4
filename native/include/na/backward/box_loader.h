// The same tokens of two tensors' heads, from global to two tiles in swizzled shared memory, by all threads of a
// block: what tile/tile_loader.h does for neighbouring rows, for the rows of a box.
#pragma once

#include "na/backward/token_box.h"
#include "na/tile/tile_loader.h"

namespace na {

// The rows of one head: `data` points at element 0 of token 0.
template <class Element>
struct HeadRows {
  const Element* data;
  i64 token_stride;
  u32 dim;

  NA_DEVICE const Element* at(i64 token) const { return data + token * token_stride; }
};

template <class Element, u32 kRows, u32 kRowChunks, u32 kThreads>
struct BoxLoader {
  static constexpr u32 kChunkElements = kChunkBytes / sizeof(Element);
  static constexpr u32 kRowBytes = kRowChunks * kChunkBytes;
  static constexpr u32 kColumns = kChunkGroup<kRowChunks>;
  static constexpr u32 kRowsPerStep = kThreads / kColumns;
  static constexpr u32 kSteps = kRows / kRowsPerStep;
  static_assert(kThreads % kColumns == 0 && kRows % kRowsPerStep == 0 && kRowsPerStep % 8 == 0, "whole steps only");

  // Tokens that the box does not have become zeros and are not read. `second_tile` only if kBoth.
  template <bool kBoth>
  static NA_DEVICE void load(const TokenBox& box, const HeadRows<Element>& first, u32 first_tile,
                             const HeadRows<Element>& second, u32 second_tile, bool vector_loads, u32 thread) {
    const u32 column = thread % kColumns;
    const u32 offset = swizzled_offset<kRowChunks>(thread / kColumns, column);
    if (vector_loads) {
      NA_UNROLL
      for (u32 step = 0; step < kSteps; ++step) {
        const u32 row = thread / kColumns + step * kRowsPerStep;
        const bool valid = box.has(row);
        const i64 token = box.token(row);
        copy_row(first_tile + offset + step * kRowsPerStep * kRowBytes, first, token, valid, column);
        if constexpr (kBoth) {
          copy_row(second_tile + offset + step * kRowsPerStep * kRowBytes, second, token, valid, column);
        }
      }
    } else {
      NA_NO_UNROLL
      for (u32 step = 0; step < kSteps; ++step) {
        const u32 row = thread / kColumns + step * kRowsPerStep;
        const bool valid = box.has(row);
        const i64 token = box.token(row);
        gather_row(first_tile + offset + step * kRowsPerStep * kRowBytes, first, token, valid, column);
        if constexpr (kBoth) {
          gather_row(second_tile + offset + step * kRowsPerStep * kRowBytes, second, token, valid, column);
        }
      }
    }
  }

 private:
  static NA_DEVICE void copy_row(u32 address, const HeadRows<Element>& rows, i64 token, bool valid, u32 column) {
    const Element* from = rows.at(token) + column * kChunkElements;
    NA_UNROLL
    for (u32 group = 0; group < kRowChunks; group += kColumns) {
      const bool has = valid && (column + group) * kChunkElements < rows.dim;
      cp_async_16(address + group * kChunkBytes, from + group * kChunkElements, has ? kChunkBytes : 0u);
    }
  }

  static NA_DEVICE void gather_row(u32 address, const HeadRows<Element>& rows, i64 token, bool valid, u32 column) {
    const Element* from = rows.at(token);
    NA_NO_UNROLL
    for (u32 group = 0; group < kRowChunks; group += kColumns) {
      u32 words[4];
      gather_chunk(words, from, column + group, valid ? rows.dim : 0u);
      block::store_chunk(address + group * kChunkBytes, words);
    }
  }
};

}  // namespace na
