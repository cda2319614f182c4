// One row of an accumulator to global memory.
#pragma once

#include "na/op/thread/store.h"

namespace na {

// Elements [first], [first + 1] of every tile of 8 columns, times a factor: this lane's part of a row of `dim`
// elements. Pairs: the row begins at a multiple of two elements and dim is even.
template <class Element, u32 kDimTiles>
NA_DEVICE void store_row(Element* row, const f32 (&output)[kDimTiles][4], u32 first, f32 factor, i32 dim, bool pairs,
                         u32 lane) {
  NA_UNROLL
  for (u32 d = 0; d < kDimTiles; ++d) {
    const i32 column = static_cast<i32>(8 * d + 2 * (lane & 3u));
    const f32 even = output[d][first] * factor;
    const f32 odd = output[d][first + 1] * factor;
    if (pairs) {
      if (column < dim) {
        thread::store_pair(row + column, even, odd);
      }
    } else {
      if (column < dim) {
        row[column] = narrow<Element>(even);
      }
      if (column + 1 < dim) {
        row[column + 1] = narrow<Element>(odd);
      }
    }
  }
}

}  // namespace na
