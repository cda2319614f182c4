// Which key tiles a tile of queries visits, and which of them need no mask. C# twin: TileSchedule.
#pragma once

#include "na/mask/band.h"

namespace na {

// Tiles [begin, end) are visited; those in [full_begin, full_end) are seen whole by every row of the query tile.
struct KeyTileRange {
  i32 begin;
  i32 end;
  i32 full_begin;
  i32 full_end;

  NA_DEVICE bool needs_mask(i32 tile) const { return tile < full_begin || tile >= full_end; }

  // The order of a walk: downward.
  NA_DEVICE i32 first() const { return end - 1; }

  NA_DEVICE i32 after(i32 tile) const { return tile - 1; }

  NA_DEVICE bool has(i32 tile) const { return tile >= begin; }
};

// Queries [first_query, last_query], at least one. A band moves right with the query, so the first query bounds the
// last full key and the last query bounds the last visible one; on the left it is the other way round.
template <u32 kBlockN>
NA_DEVICE KeyTileRange key_tile_range(Band band, i32 first_query, i32 last_query, i32 key_length) {
  constexpr i32 kTile = static_cast<i32>(kBlockN);
  const VisibleKeys first = band.of_query(first_query, key_length);
  const VisibleKeys last = band.of_query(last_query, key_length);
  KeyTileRange range;
  range.begin = first.first / kTile;
  range.end = last.last / kTile + (last.last >= 0 ? 1 : 0);
  range.full_begin = ceil_div(last.first, kTile);
  range.full_end = (first.last + 1) / kTile;
  return range;
}

}  // namespace na
