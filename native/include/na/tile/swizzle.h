// Where a 16-byte chunk of a row-major tile lies in shared memory.
//
// Rows follow each other without gaps; the chunk index is XORed with a few bits of the row so that eight rows at one
// chunk column (what ldmatrix reads) fall into eight different 16-byte bank groups. Rows of a multiple of eight
// chunks all start in bank group 0 and use row & 7; rows of 4 or 12 chunks alternate between groups 0 and 4 and use
// (row >> 1) & 3.
#pragma once

#include "na/base/config.h"

namespace na {

constexpr u32 kChunkBytes = 16;

// Chunks of a row come in groups whose order alone the swizzle changes: 8 chunks, or 4 where rows are no multiple
// of 8.
template <u32 kRowChunks>
constexpr u32 kChunkGroup = kRowChunks % 8 == 0 ? 8 : 4;

// Byte offset of a chunk inside its tile.
template <u32 kRowChunks>
NA_DEVICE constexpr u32 swizzled_offset(u32 row, u32 chunk) {
  static_assert(kRowChunks % 4 == 0, "rows are multiples of 64 bytes");
  const u32 swizzled = kRowChunks % 8 == 0 ? chunk ^ (row & 7u) : chunk ^ ((row >> 1) & 3u);
  return (row * kRowChunks + swizzled) * kChunkBytes;
}

// From the address of chunk c of a row to that of chunk c + `chunks` of the same row, where c + chunks has no carry
// between bits (c is 0 or 1 and chunks is even). Tiles start at multiples of 128 bytes.
template <u32 kRowChunks>
NA_DEVICE constexpr u32 advance_chunks(u32 address, u32 chunks) {
  constexpr u32 kGroup = kChunkGroup<kRowChunks>;
  return (address ^ (chunks % kGroup * kChunkBytes)) + chunks / kGroup * kGroup * kChunkBytes;
}

}  // namespace na
