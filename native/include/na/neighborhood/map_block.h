// Which tile of rows a block owns: batch index, head, section and the tile's first row along each axis.
#pragma once

#include "na/neighborhood/map_region.h"

namespace na {

struct MapBlock {
  i32 batch;
  i32 head;
  const TiledSection* section;
  MapExtents first;

  static NA_DEVICE MapBlock of_block(const MapTiling& map) {
    const u32 tiles = static_cast<u32>(map.tile_count);
    const u32 head_and_batch = block_index() / tiles;
    const u32 tile = block_index() % tiles;
    const u32 heads = static_cast<u32>(map.head_count);
    const TiledSection* section = section_of(map, static_cast<i32>(tile));
    return {static_cast<i32>(head_and_batch / heads), map.heads[head_and_batch % heads], section,
            first_row(*section, map.row_box, tile - static_cast<u32>(section->first_tile))};
  }

  // The last row of the tile along each axis.
  NA_DEVICE MapExtents last(const MapBox& box) const {
    const MapExtents end = end_of(box, first);
    return {min_of(end.z, section->rows.z) - 1, min_of(end.y, section->rows.y) - 1,
            min_of(end.x, section->rows.x) - 1};
  }

 private:
  // The last section that does not begin behind the tile.
  static NA_DEVICE const TiledSection* section_of(const MapTiling& map, i32 tile) {
    i32 low = 0;
    i32 high = map.section_count;
    while (high - low > 1) {
      const i32 middle = low + (high - low) / 2;
      if (map.sections[middle].first_tile <= tile) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return map.sections + low;
  }

  static NA_DEVICE MapExtents first_row(const TiledSection& section, const MapBox& box, u32 tile) {
    const u32 columns = static_cast<u32>(section.tiles_x);
    const u32 rows = static_cast<u32>(section.tiles_y);
    const u32 line = tile / columns;
    return {static_cast<i32>(line / rows << box.log2_z), static_cast<i32>(line % rows << box.log2_y),
            static_cast<i32>(tile % columns << box.log2_x)};
  }
};

// The row, or the nearest one that is there.
NA_DEVICE MapExtents existing_row(const TiledSection& section, const MapExtents& row) {
  return {min_of(row.z, section.rows.z - 1), min_of(row.y, section.rows.y - 1), min_of(row.x, section.rows.x - 1)};
}

NA_DEVICE i32 squared_distance(const MapExtents& a, const MapExtents& b) {
  return square(a.z - b.z) + square(a.y - b.y) + square(a.x - b.x);
}

// The entry of the relative bias for a query and a key.
NA_DEVICE i32 bias_entry(const MapExtents& windows, const MapExtents& query, const MapExtents& key) {
  const i32 line = (key.z - query.z + windows.z - 1) * (2 * windows.y - 1) + (key.y - query.y + windows.y - 1);
  return line * (2 * windows.x - 1) + (key.x - query.x + windows.x - 1);
}

// What a row sees along one axis.
NA_DEVICE MapInterval interval_of(const MapTiling& map, i32 table, i32 row) { return map.intervals[table + row]; }

}  // namespace na
