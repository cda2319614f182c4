// Which key tiles a tile of queries visits when there is a prefix beside the band: each once, downward.
#pragma once

#include "na/mask/prefixed_band.h"
#include "na/schedule/tile_range.h"

namespace na {

// Tiles [begin, end), then [0, low_end); the two lie apart.
struct KeyTileWalk {
  i32 begin;
  i32 end;
  i32 low_end;
  i32 full_begin;  // of the band
  i32 full_end;
  i32 full_prefix;  // tiles below are whole in the prefix of every row

  NA_DEVICE bool needs_mask(i32 tile) const { return (tile < full_begin || tile >= full_end) && tile >= full_prefix; }

  NA_DEVICE i32 first() const { return end - 1; }

  NA_DEVICE i32 after(i32 tile) const { return (tile == begin ? low_end : tile) - 1; }

  static NA_DEVICE bool has(i32 tile) { return tile >= 0; }

  NA_DEVICE bool visits(i32 tile) const { return (tile >= begin && tile < end) || tile < low_end; }
};

// Queries [first_query, last_query], at least one. The first query bounds what of the prefix all see, the last one
// what any sees.
template <u32 kBlockN>
NA_DEVICE KeyTileWalk key_tile_walk(const PrefixedBand& visibility, i32 first_query, i32 last_query, i32 key_length) {
  constexpr i32 kTile = static_cast<i32>(kBlockN);
  const KeyTileRange band = key_tile_range<kBlockN>(visibility.band, first_query, last_query, key_length);
  const bool empty = band.begin >= band.end;
  const i32 begin = empty ? 0 : band.begin;
  const i32 end = empty ? 0 : band.end;
  const i32 prefix = ceil_div(visibility.prefix_last(last_query, key_length) + 1, kTile);
  const bool meet = prefix > 0 && prefix >= begin;
  KeyTileWalk walk;
  walk.begin = meet ? 0 : begin;
  walk.end = meet ? max_of(end, prefix) : end;
  walk.low_end = meet ? 0 : prefix;
  walk.full_begin = band.full_begin;
  walk.full_end = band.full_end;
  walk.full_prefix = (visibility.prefix_last(first_query, key_length) + 1) / kTile;
  return walk;
}

}  // namespace na
