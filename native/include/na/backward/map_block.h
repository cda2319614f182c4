// What one block of a pass owns, and what it visits: rows of a map, and boxes of columns, and, beside the map, a line
// of tokens that all its rows see.
#pragma once

#include "na/attention/block_problem.h"
#include "na/backward/params.h"
#include "na/backward/token_box.h"

namespace na {

// The columns that the rows of a tile see along one axis: some row sees those of [begin, end), every row those of
// [full_begin, full_end).
struct AxisColumns {
  i32 begin;
  i32 end;
  i32 full_begin;
  i32 full_end;

  static NA_DEVICE AxisColumns of_rows(const MapInterval* intervals, i32 first, i32 last) {
    return {intervals[first].begin, intervals[last].end, intervals[last].begin, intervals[first].end};
  }

  // Boxes of 2^log2 columns from `begin` on.
  NA_DEVICE i32 boxes(u32 log2) const { return end > begin ? ((end - begin - 1) >> log2) + 1 : 0; }

  NA_DEVICE bool is_full(i32 from, u32 log2) const { return from >= full_begin && from + (1 << log2) <= full_end; }
};

// Columns that a block visits at once.
struct Visit {
  i32 head;  // of the heads that the pass adds up
  bool map;  // else the line
  bool full;
  TokenBox columns;
};

// The place of a block in a grid of tiles, heads of a map and batch indices, tile fastest.
struct MapBlock {
  i32 tile;
  i32 head;
  i32 batch;

  static NA_DEVICE MapBlock of(u32 block, i32 tiles, const MapTiling& map) {
    const u32 rest = block / static_cast<u32>(tiles);
    return {static_cast<i32>(block % static_cast<u32>(tiles)), map.heads[rest % static_cast<u32>(map.head_count)],
            static_cast<i32>(rest / static_cast<u32>(map.head_count))};
  }
};

// The section that has a tile: the last one whose tiles do not begin behind it.
NA_DEVICE const TiledSection* section_of(const MapTiling& map, i32 tile) {
  i32 low = 0;
  i32 high = map.section_count - 1;
  while (low < high) {
    const i32 middle = (low + high + 1) / 2;
    if (map.sections[middle].first_tile <= tile) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return map.sections + low;
}

// The rows of a tile of a section.
NA_DEVICE TokenBox rows_of(const MapTiling& map, const TiledSection& section, i32 tile) {
  const u32 number = static_cast<u32>(tile - section.first_tile);
  const u32 plane = number / static_cast<u32>(section.tiles_x);
  const MapExtents first{static_cast<i32>(plane / static_cast<u32>(section.tiles_y)) << map.row_box.log2_z,
                         static_cast<i32>(plane % static_cast<u32>(section.tiles_y)) << map.row_box.log2_y,
                         static_cast<i32>(number % static_cast<u32>(section.tiles_x)) << map.row_box.log2_x};
  return {map.row_box, first, section.rows, section.rows, section.row_steps};
}

// The boxes of columns that a tile of rows visits.
struct MapWalk {
  const MapTiling& map;
  const TiledSection* section;
  AxisColumns z;
  AxisColumns y;
  AxisColumns x;

  static NA_DEVICE MapWalk of_rows(const MapTiling& map, const TiledSection* section, const TokenBox& rows) {
    const MapBox& box = rows.box;
    return {map, section, axis(map, section->tables.z, rows.begin.z, rows.end.z, box.log2_z),
            axis(map, section->tables.y, rows.begin.y, rows.end.y, box.log2_y),
            axis(map, section->tables.x, rows.begin.x, rows.end.x, box.log2_x)};
  }

  static NA_DEVICE MapWalk none(const MapTiling& map) { return {map, map.sections, {}, {}, {}}; }

  NA_DEVICE i32 boxes() const {
    return z.boxes(map.column_box.log2_z) * y.boxes(map.column_box.log2_y) * x.boxes(map.column_box.log2_x);
  }

  NA_DEVICE MapExtents begin_of(i32 number) const {
    const u32 along_x = static_cast<u32>(x.boxes(map.column_box.log2_x));
    const u32 along_y = static_cast<u32>(y.boxes(map.column_box.log2_y));
    const u32 plane = static_cast<u32>(number) / along_x;
    return {z.begin + static_cast<i32>(plane / along_y << map.column_box.log2_z),
            y.begin + static_cast<i32>(plane % along_y << map.column_box.log2_y),
            x.begin + static_cast<i32>(static_cast<u32>(number) % along_x << map.column_box.log2_x)};
  }

  NA_DEVICE TokenBox columns(const MapExtents& begin) const {
    return {map.column_box, begin, {z.end, y.end, x.end}, section->columns, section->column_steps};
  }

  // Whether every row sees all columns of the box.
  NA_DEVICE bool is_full(const MapExtents& begin) const {
    return map.most_distance < 0 && z.is_full(begin.z, map.column_box.log2_z) &&
           y.is_full(begin.y, map.column_box.log2_y) && x.is_full(begin.x, map.column_box.log2_x);
  }

 private:
  static NA_DEVICE AxisColumns axis(const MapTiling& map, i32 table, i32 begin, i32 end, u32 log2) {
    return AxisColumns::of_rows(map.intervals + table, begin, min_of(begin + (1 << log2), end) - 1);
  }
};

// Along each axis the interval of one row.
struct RowIntervals {
  MapInterval z;
  MapInterval y;
  MapInterval x;

  static NA_DEVICE RowIntervals of(const MapTiling& map, const TiledSection& section, const MapExtents& row) {
    return {map.intervals[section.tables.z + row.z], map.intervals[section.tables.y + row.y],
            map.intervals[section.tables.x + row.x]};
  }

  NA_DEVICE bool contain(const MapExtents& c) const {
    return c.z >= z.begin && c.z < z.end && c.y >= y.begin && c.y < y.end && c.x >= x.begin && c.x < x.end;
  }
};

// Whether a row and a column that the intervals let see each other are near enough.
NA_DEVICE bool is_near(const MapTiling& map, const MapExtents& row, const MapExtents& column) {
  const i32 z = column.z - row.z;
  const i32 y = column.y - row.y;
  const i32 x = column.x - row.x;
  return map.most_distance < 0 || z * z + y * y + x * x <= map.most_distance;
}

// The entry of the relative bias for the offset from a query to a key.
NA_DEVICE i32 bias_entry(const MapExtents& windows, const MapExtents& key, const MapExtents& query) {
  const i32 z = key.z - query.z + windows.z - 1;
  const i32 y = key.y - query.y + windows.y - 1;
  const i32 x = key.x - query.x + windows.x - 1;
  return (z * (2 * windows.y - 1) + y) * (2 * windows.x - 1) + x;
}

}  // namespace na
