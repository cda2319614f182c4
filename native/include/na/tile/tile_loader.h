// A tile of rows of one head, from global to swizzled shared memory, by all threads of a block.
//
// A source says which rows there are and where. Rows that it has not and elements beyond its `valid_dim` become zeros
// and are never read: what lies there may be anything, NaN included. Aligned operands go by asynchronous 16-byte
// copies; others element by element through registers, slower but equal. Either way the tile is readable after
// cp_async_wait and a block barrier.
#pragma once

#include "na/async/cp_async.h"
#include "na/math/element.h"
#include "na/op/block/shared_memory.h"
#include "na/tile/swizzle.h"

namespace na {

// Rows of one head at equal distances: `data` points at element 0 of row 0.
template <class Element>
struct RowSource {
  const Element* data;
  i64 row_stride;
  u32 valid_rows;
  u32 valid_dim;

  NA_DEVICE bool has(u32 row) const { return row < valid_rows; }

  NA_DEVICE const Element* row(u32 row) const { return data + row * row_stride; }

  // The same where a thread walks over its rows step by step, the step being a constant.
  NA_DEVICE bool has(u32 row, u32) const { return has(row); }

  NA_DEVICE const Element* first(u32 row_of_step_0) const { return row(row_of_step_0); }

  // From the row of a step to that of the next one, `rows` rows further.
  NA_DEVICE const Element* next(const Element* from, u32 rows, u32) const { return from + rows * row_stride; }
};

// Element `column` of a row as the low bits of a word, 0 beyond the row.
NA_DEVICE u32 element_bits(const f32* row, u32 column, u32 valid_dim) {
  return column < valid_dim ? __builtin_bit_cast(u32, row[column]) : 0u;
}

template <class Element>
NA_DEVICE u32 element_bits(const Element* row, u32 column, u32 valid_dim) {
  return column < valid_dim ? row[column].bits : 0u;
}

// The 16 bytes of chunk `chunk` of a row, zeros beyond the row.
template <class Element>
NA_DEVICE void gather_chunk(u32 (&words)[4], const Element* row, u32 chunk, u32 valid_dim) {
  constexpr u32 kPerWord = 4 / sizeof(Element);
  NA_UNROLL
  for (u32 w = 0; w < 4; ++w) {
    const u32 column = (chunk * 4 + w) * kPerWord;
    words[w] = element_bits(row, column, valid_dim);
    if constexpr (kPerWord == 2) {
      words[w] |= element_bits(row, column + 1, valid_dim) << 16;
    }
  }
}

// Each thread copies one chunk column of a group, every kRowsPerStep rows and in every chunk group, so that all its
// shared addresses are one address plus constants.
template <class Element, u32 kRows, u32 kRowChunks, u32 kThreads>
struct TileLoader {
  static constexpr u32 kRowCount = kRows;
  static constexpr u32 kChunkElements = kChunkBytes / sizeof(Element);
  static constexpr u32 kRowBytes = kRowChunks * kChunkBytes;
  static constexpr u32 kColumns = kChunkGroup<kRowChunks>;
  static constexpr u32 kRowsPerStep = kThreads / kColumns;
  static constexpr u32 kSteps = kRows / kRowsPerStep;
  static_assert(kThreads % kColumns == 0 && kRows % kRowsPerStep == 0 && kRowsPerStep % 8 == 0, "whole steps only");

  // The row of a thread's step.
  static NA_DEVICE u32 row_of(u32 thread, u32 step) { return thread / kColumns + step * kRowsPerStep; }

  template <class Source>
  static NA_DEVICE void load(u32 tile_address, const Source& source, bool vector_loads, u32 thread) {
    const u32 column = thread % kColumns;
    const u32 address = tile_address + swizzled_offset<kRowChunks>(row_of(thread, 0), column);
    if (vector_loads) {
      copy_chunks(address, source, thread, column);
    } else {
      gather_chunks(address, source, thread, column);
    }
    cp_async_commit();
  }

 private:
  template <class Source>
  static NA_DEVICE void copy_chunks(u32 address, const Source& source, u32 thread, u32 column) {
    const Element* from = source.first(row_of(thread, 0)) + column * kChunkElements;
    NA_UNROLL
    for (u32 step = 0; step < kSteps; ++step) {
      const bool row_valid = source.has(row_of(thread, step), step);
      NA_UNROLL
      for (u32 group = 0; group < kRowChunks; group += kColumns) {
        const bool valid = row_valid && (column + group) * kChunkElements < source.valid_dim;
        cp_async_16(address + step * kRowsPerStep * kRowBytes + group * kChunkBytes, from + group * kChunkElements,
                    valid ? kChunkBytes : 0u);
      }
      from = source.next(from, kRowsPerStep, step);
    }
  }

  template <class Source>
  static NA_DEVICE void gather_chunks(u32 address, const Source& source, u32 thread, u32 column) {
    NA_NO_UNROLL
    for (u32 step = 0; step < kSteps; ++step) {
      const u32 row = row_of(thread, step);
      const u32 valid_dim = source.has(row) ? source.valid_dim : 0u;
      const Element* from = source.row(row);
      NA_NO_UNROLL
      for (u32 group = 0; group < kRowChunks; group += kColumns) {
        u32 words[4];
        gather_chunk(words, from, column + group, valid_dim);
        block::store_chunk(address + step * kRowsPerStep * kRowBytes + group * kChunkBytes, words);
      }
    }
  }
};

}  // namespace na
