// Which tiles of columns a tile of rows visits: those of a box, row-major, then those of columns that all see. C#
// twin: AxisTiles.
//
// Tiles are not aligned: the first begins at the first column that any of the rows sees, and the last is cut where
// the last one ends. Tiles that lie outside a circle altogether are left out.
#pragma once

#include "na/neighborhood/map_block.h"

namespace na {

struct MapTile {
  MapExtents first;  // column along each axis, unrolled; of a tile of extra columns, x is the first of those
  i32 is_extra;
};

struct MapWalk {
  MapBox box;
  MapExtents begin;
  MapExtents end;
  MapExtents full_begin;  // columns [full_begin, full_end) are those that every row sees
  MapExtents full_end;
  MapExtents first_row;
  MapExtents last_row;
  i32 most_distance;
  i32 extra_columns;
  i32 tile_columns;  // tokens of the box

  static NA_DEVICE MapWalk of(const MapTiling& map, const MapBlock& block, i32 extra_columns) {
    const TiledSection& section = *block.section;
    MapWalk walk;
    walk.box = map.column_box;
    walk.first_row = block.first;
    walk.last_row = block.last(map.row_box);
    walk.most_distance = map.most_distance;
    walk.extra_columns = extra_columns;
    walk.tile_columns = 1 << (walk.box.log2_z + walk.box.log2_y + walk.box.log2_x);
    const i32 tables[3] = {section.tables.z, section.tables.y, section.tables.x};
    set(map, tables[0], walk.first_row.z, walk.last_row.z, walk.begin.z, walk.end.z, walk.full_begin.z,
        walk.full_end.z);
    set(map, tables[1], walk.first_row.y, walk.last_row.y, walk.begin.y, walk.end.y, walk.full_begin.y,
        walk.full_end.y);
    set(map, tables[2], walk.first_row.x, walk.last_row.x, walk.begin.x, walk.end.x, walk.full_begin.x,
        walk.full_end.x);
    return walk;
  }

  NA_DEVICE MapTile first() const {
    MapTile tile{begin, 0};
    if (!all_below(begin, end)) {
      return {{0, 0, 0}, 1};
    }
    if (most_distance >= 0) {
      // The first line of tiles has one inside: the box reaches as far as the circles do.
      NA_NO_UNROLL
      while (nearest(tile) > most_distance && tile.first.x + (1 << box.log2_x) < end.x) {
        tile.first.x += 1 << box.log2_x;
      }
    }
    return tile;
  }

  // As `first`, be the tile inside a circle or not.
  NA_DEVICE MapTile start() const { return all_below(begin, end) ? MapTile{begin, 0} : MapTile{{0, 0, 0}, 1}; }

  NA_DEVICE MapTile after(MapTile tile) const {
    if (tile.is_extra != 0) {
      return {{0, 0, tile.first.x + tile_columns}, 1};
    }
    NA_NO_UNROLL
    do {
      tile = step(tile);
    } while (most_distance >= 0 && tile.is_extra == 0 && nearest(tile) > most_distance);
    return tile;
  }

  NA_DEVICE bool has(const MapTile& tile) const { return tile.is_extra == 0 || tile.first.x < extra_columns; }

  // That of a tile: extra columns are a line.
  NA_DEVICE MapBox box_of(const MapTile& tile) const {
    const bool extra = tile.is_extra != 0;
    return {extra ? 0u : box.log2_z, extra ? 0u : box.log2_y, extra ? 31u : box.log2_x};
  }

  // Whether a row of the tile may not see a column of it, or the tile is cut.
  NA_DEVICE bool needs_mask(const MapTile& tile) const {
    if (tile.is_extra != 0) {
      return tile.first.x + tile_columns > extra_columns;
    }
    const MapExtents beyond = end_of(box, tile.first);
    const bool full = tile.first.z >= full_begin.z && tile.first.y >= full_begin.y && tile.first.x >= full_begin.x &&
                      beyond.z <= full_end.z && beyond.y <= full_end.y && beyond.x <= full_end.x;
    return !full || (most_distance >= 0 && farthest(tile) > most_distance);
  }

 private:
  static NA_DEVICE void set(const MapTiling& map, i32 table, i32 first_row, i32 last_row, i32& begin, i32& end,
                            i32& full_begin, i32& full_end) {
    const MapInterval first = interval_of(map, table, first_row);
    const MapInterval last = interval_of(map, table, last_row);
    begin = first.begin;
    end = last.end;
    full_begin = last.begin;
    full_end = first.end;
  }

  NA_DEVICE MapTile step(MapTile tile) const {
    tile.first.x += 1 << box.log2_x;
    if (tile.first.x >= end.x) {
      tile.first.x = begin.x;
      tile.first.y += 1 << box.log2_y;
      if (tile.first.y >= end.y) {
        tile.first.y = begin.y;
        tile.first.z += 1 << box.log2_z;
        if (tile.first.z >= end.z) {
          return {{0, 0, 0}, 1};
        }
      }
    }
    return tile;
  }

  // Squared distance of the nearest pair, and of the farthest one.
  NA_DEVICE i32 nearest(const MapTile& tile) const {
    return square(gap(tile.first.z, last_column(tile).z, first_row.z, last_row.z)) +
           square(gap(tile.first.y, last_column(tile).y, first_row.y, last_row.y)) +
           square(gap(tile.first.x, last_column(tile).x, first_row.x, last_row.x));
  }

  NA_DEVICE i32 farthest(const MapTile& tile) const {
    return square(reach(tile.first.z, last_column(tile).z, first_row.z, last_row.z)) +
           square(reach(tile.first.y, last_column(tile).y, first_row.y, last_row.y)) +
           square(reach(tile.first.x, last_column(tile).x, first_row.x, last_row.x));
  }

  NA_DEVICE MapExtents last_column(const MapTile& tile) const {
    const MapExtents beyond = end_of(box, tile.first);
    return {min_of(beyond.z, end.z) - 1, min_of(beyond.y, end.y) - 1, min_of(beyond.x, end.x) - 1};
  }

  static NA_DEVICE i32 gap(i32 k0, i32 k1, i32 q0, i32 q1) { return max_of(0, max_of(k0 - q1, q0 - k1)); }

  static NA_DEVICE i32 reach(i32 k0, i32 k1, i32 q0, i32 q1) {
    return max_of(__builtin_abs(k1 - q0), __builtin_abs(q1 - k0));
  }
};

}  // namespace na
