// A box of tokens of a map: the rows that a block owns, or the columns that it visits at once.
#pragma once

#include "na/base/builtins.h"
#include "na/neighborhood/params.h"

namespace na {

// Token `index` of a box of extents 2^log2, row-major.
NA_DEVICE MapExtents box_offset(const MapBox& box, u32 index) {
  return {static_cast<i32>(index >> (box.log2_y + box.log2_x)),
          static_cast<i32>((index >> box.log2_x) & ((1u << box.log2_y) - 1)),
          static_cast<i32>(index & ((1u << box.log2_x) - 1))};
}

NA_DEVICE MapExtents plus(const MapExtents& a, const MapExtents& b) { return {a.z + b.z, a.y + b.y, a.x + b.x}; }

// An unrolled coordinate of a ring, at most one turn away.
NA_DEVICE i32 wrap(i32 x, i32 length) { return x < 0 ? x + length : x >= length ? x - length : x; }

// Tokens [begin, end) along each axis, cut to the box. Coordinates are unrolled: modulo `lengths` they are tokens.
struct TokenBox {
  MapBox box;
  MapExtents begin;
  MapExtents end;
  MapExtents lengths;
  MapSteps steps;

  // Tokens [first + begin, first + count) of a line, at most `length` of them.
  template <u32 kLength>
  static NA_DEVICE TokenBox line(i32 first, i32 begin, i32 count) {
    constexpr u32 kLog2 = 31 - __builtin_clz(kLength);
    static_assert(kLength == 1u << kLog2, "a power of two");
    return {{0, 0, kLog2}, {0, 0, begin}, {1, 1, count}, {1, 1, count}, {first, 0, 0, 1}};
  }

  // Unrolled coordinates of a token of the box.
  NA_DEVICE MapExtents at(u32 index) const { return plus(begin, box_offset(box, index)); }

  NA_DEVICE bool has(u32 index) const {
    const MapExtents c = at(index);
    return c.z < end.z && c.y < end.y && c.x < end.x;
  }

  // The number of a token that the box has.
  NA_DEVICE i32 token(u32 index) const { return token_at(at(index)); }

  // The number of the token at unrolled coordinates.
  NA_DEVICE i32 token_at(const MapExtents& c) const {
    return steps.origin + wrap(c.z, lengths.z) * steps.z + wrap(c.y, lengths.y) * steps.y +
           wrap(c.x, lengths.x) * steps.x;
  }
};

}  // namespace na
