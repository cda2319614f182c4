// Copies tokens into caches, a group of lanes a row. Elements keep their bits.
#pragma once

#include "na/append/params.h"
#include "na/op/thread/load.h"
#include "na/op/thread/store.h"
#include "na/tile/row_groups.h"
#include "na/tile/tensor_row.h"

namespace na {

template <class Element, bool kVectors, u32 kThreads>
struct AppendRows {
  static NA_DEVICE void run(const AppendParams& params) {
    const RowGroups groups = RowGroups::of_thread<kThreads>(static_cast<u32>(params.group_shift));
    const u64 first_rows = rows_of(params.first, params.batch);
    const u64 rows = first_rows + rows_of(params.second, params.batch);
    for (u64 row = groups.first; row < rows; row += groups.step) {
      const bool is_first = row < first_rows;
      append(params, is_first ? params.first : params.second, static_cast<u32>(is_first ? row : row - first_rows),
             groups);
    }
  }

 private:
  static NA_DEVICE u64 rows_of(const AppendPart& part, i32 batch) {
    return static_cast<u64>(batch) * part.length * part.heads;
  }

  static NA_DEVICE void append(const AppendParams& params, const AppendPart& part, u32 row, const RowGroups& groups) {
    const u32 token = row / part.heads;
    TensorRow at{token / part.length, token % part.length, row % part.heads};
    const Element* source = at.in<Element>(part.source);
    i64 place = static_cast<i64>(part.start) + at.sequence;
    if (params.positions != nullptr) {
      place += params.positions[at.batch * params.position_stride];
    }
    if (place < 0 || place >= part.capacity) {
      return;
    }
    at.sequence = static_cast<u32>(place);
    copy(at.in<Element>(part.cache), source, static_cast<u32>(part.dim), groups);
  }

  static NA_DEVICE void copy(Element* to, const Element* from, u32 dim, const RowGroups& groups) {
    constexpr u32 kChunk = kVectors ? 16 / sizeof(Element) : 1;
    NA_NO_UNROLL
    for (u32 d = groups.lane * kChunk; d < dim; d += groups.lanes * kChunk) {
      if (kVectors) {
        u32 words[4];
        thread::load_global_16(words, reinterpret_cast<u64>(from + d));
        thread::store_global_16(reinterpret_cast<u64>(to + d), words);
      } else {
        to[d] = from[d];
      }
    }
  }
};

}  // namespace na
