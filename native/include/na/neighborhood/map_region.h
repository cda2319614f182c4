// Where the tokens of a tile lie: from the number of a row in a box to coordinates, and from those to a token.
#pragma once

#include "na/base/builtins.h"
#include "na/neighborhood/params.h"

namespace na {

// Coordinates of a row of a box that begins at `first`: the last axis is fastest.
NA_DEVICE MapExtents coordinates_of(const MapBox& box, const MapExtents& first, u32 row) {
  const u32 plane = row >> box.log2_x;
  return {first.z + static_cast<i32>(plane >> box.log2_y),
          first.y + static_cast<i32>(plane & ((1u << box.log2_y) - 1)),
          first.x + static_cast<i32>(row & ((1u << box.log2_x) - 1))};
}

// One past the last coordinates of the box.
NA_DEVICE MapExtents end_of(const MapBox& box, const MapExtents& first) {
  return {first.z + (1 << box.log2_z), first.y + (1 << box.log2_y), first.x + (1 << box.log2_x)};
}

NA_DEVICE bool all_below(const MapExtents& a, const MapExtents& b) { return a.z < b.z && a.y < b.y && a.x < b.x; }

NA_DEVICE i32 square(i32 x) { return x * x; }

// A coordinate in [-length, 2 length) as one in [0, length). Below 0 or beyond the length a sum wraps around as u32,
// so the minimum takes the one that is right.
NA_DEVICE u32 on_ring(i32 coordinate, i32 length) {
  const u32 c = static_cast<u32>(coordinate);
  const u32 from_zero = min_of(c, c + static_cast<u32>(length));
  return min_of(from_zero, from_zero - static_cast<u32>(length));
}

// The rows of one tile. Rows whose coordinates are not below `end` are not part of it.
struct MapRegion {
  MapBox box;
  MapExtents first;  // unrolled
  MapExtents end;
  MapExtents lengths;  // of the axes
  MapSteps steps;

  // The token of a row, or -1 when there is none.
  NA_DEVICE i32 token_of(u32 row) const {
    const MapExtents at = coordinates_of(box, first, row);
    return all_below(at, end) ? token_at(at) : -1;
  }

  NA_DEVICE i32 token_at(const MapExtents& at) const {
    return static_cast<i32>(steps.origin + on_ring(at.z, lengths.z) * steps.z + on_ring(at.y, lengths.y) * steps.y +
                            on_ring(at.x, lengths.x) * steps.x);
  }
};

// The rows of a tile of one head in global memory, for a TileLoader: `data` points at element 0 of token 0. The
// tokens of the thread's steps are known; others are looked up.
template <class Element, class Loader>
struct TokenRows {
  static constexpr u32 kSteps = Loader::kSteps;

  const Element* data;
  i64 token_stride;
  u32 valid_dim;
  MapRegion region;
  i32 tokens[kSteps];

  NA_DEVICE bool has(u32 row) const { return region.token_of(row) >= 0; }

  NA_DEVICE const Element* row(u32 row) const { return at(region.token_of(row)); }

  NA_DEVICE bool has(u32, u32 step) const { return tokens[step] >= 0; }

  NA_DEVICE const Element* first(u32) const { return at(tokens[0]); }

  NA_DEVICE const Element* next(const Element* from, u32, u32 step) const {
    return step + 1 < kSteps ? from + (tokens[step + 1] - tokens[step]) * token_stride : from;
  }

 private:
  NA_DEVICE const Element* at(i32 token) const { return data + token * token_stride; }
};

}  // namespace na
