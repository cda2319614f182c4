// Which columns of a tile one row sees, as bits: column c of the tile is bit c.
//
// Along one axis a row sees an interval. In the row-major order of a box the columns of an interval are a run of
// bits that repeats with the period of the axis, so three runs, each repeated by one product, are the whole mask.
#pragma once

#include "na/neighborhood/params.h"
#include "na/base/builtins.h"

namespace na {

template <u32 kColumns>
struct ColumnMask {
  static_assert(kColumns == 16 || kColumns == 32 || kColumns == 64, "one word");

  u64 bits;

  static NA_DEVICE ColumnMask all() { return {~0ull}; }

  static NA_DEVICE ColumnMask none() { return {0}; }

  // Columns [0, count).
  static NA_DEVICE ColumnMask first(i32 count) { return {run(0, count, 0)}; }

  // What a row with the intervals z, y, x sees of a box whose first column is `begin`.
  static NA_DEVICE ColumnMask of_box(const MapBox& box, const MapExtents& begin, MapInterval z, MapInterval y,
                                     MapInterval x) {
    const u64 along_x = run(x.begin - begin.x, min_of(x.end - begin.x, 1 << box.log2_x), 0);
    const u64 along_y = run(y.begin - begin.y, min_of(y.end - begin.y, 1 << box.log2_y), box.log2_x);
    const u64 along_z = run(z.begin - begin.z, min_of(z.end - begin.z, 1 << box.log2_z), box.log2_x + box.log2_y);
    return {repeat(along_x, box.log2_x) & repeat(along_y, box.log2_x + box.log2_y) & along_z};
  }

  // Bit 0 becomes that of column `column`.
  NA_DEVICE ColumnMask from(u32 column) const { return {bits >> column}; }

  NA_DEVICE bool contains(u32 column) const { return ((bits >> column) & 1) != 0; }

 private:
  // Bits [begin << shift, end << shift) as far as there are columns; none if end <= begin.
  static NA_DEVICE u64 run(i32 begin, i32 end, u32 shift) {
    const i32 columns = static_cast<i32>(kColumns >> shift);
    const i32 low = max_of(begin, 0);
    const i32 high = min_of(end, columns);
    return low < high ? below(static_cast<u32>(high) << shift) & ~below(static_cast<u32>(low) << shift) : 0;
  }

  // The lowest `count` bits, up to 64.
  static NA_DEVICE u64 below(u32 count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

  // The lowest 2^log2_period bits again and again.
  static NA_DEVICE u64 repeat(u64 word, u32 log2_period) {
    NA_UNROLL
    for (u32 log2 = 0; (1u << log2) < kColumns; ++log2) {
      word |= log2 >= log2_period ? word << (1u << log2) : 0;
    }
    return word;
  }
};

}  // namespace na
