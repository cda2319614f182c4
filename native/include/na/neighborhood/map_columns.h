// Which columns of a tile one row sees: intervals along the axes, counted from the tile's first column.
//
// The tile's last extent is a multiple of 8, so the outer axes are tested once for eight columns.
#pragma once

#include "na/neighborhood/map_walk.h"

namespace na {

// floor(sqrt(x)) for 0 <= x < 2^30.
NA_DEVICE i32 integer_root(i32 x) {
  f32 y;
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(static_cast<f32>(x)));
  i32 root = static_cast<i32>(y);
  root = root * root > x ? root - 1 : root;
  return (root + 1) * (root + 1) <= x ? root + 1 : root;
}

// By value: a choice between addresses of parameters would have them all copied to local memory.
template <class T>
NA_DEVICE T choose_value(bool first, T a, T b) {
  return first ? a : b;
}

// Some of an axis's columns, counted from the tile's first one.
struct MapRun {
  i32 first;
  u32 count;

  NA_DEVICE bool contains(i32 column) const { return static_cast<u32>(column - first) < count; }

  // By value: see choose_value.
  static NA_DEVICE MapRun choose(bool first, const MapRun& a, const MapRun& b) {
    return {choose_value(first, a.first, b.first), choose_value(first, a.count, b.count)};
  }

  static NA_DEVICE MapRun of(const MapInterval& interval, i32 origin) {
    return {interval.begin - origin, static_cast<u32>(max_of(interval.end - interval.begin, 0))};
  }
};

struct MapColumns {
  MapBox box;
  MapRun z;
  MapRun y;
  MapRun x;             // counted from this lane's first column
  MapExtents distance;  // from the row to the tile's first column; x: to the lane's
  i32 most_distance;

  struct Group {
    MapRun columns;

    NA_DEVICE bool contains(u32 column) const { return columns.contains(static_cast<i32>(column)); }
  };

  // Of the columns `first_column`, first_column + 1, and both plus multiples of 8 of a tile: those that a row sees.
  static NA_DEVICE MapColumns of(const MapTiling& map, const TiledSection& section, const MapExtents& row,
                                 const MapWalk& walk, const MapTile& tile, u32 first_column) {
    const bool extra = tile.is_extra != 0;
    const MapExtents r = existing_row(section, row);
    const i32 lane_x = tile.first.x + static_cast<i32>(first_column);
    const MapRun z = MapRun::of(interval_of(map, section.tables.z, r.z), tile.first.z);
    const MapRun y = MapRun::of(interval_of(map, section.tables.y, r.y), tile.first.y);
    const MapRun x = MapRun::of(interval_of(map, section.tables.x, r.x), lane_x);
    return {walk.box_of(tile),
            MapRun::choose(extra, {0, 1}, z),
            MapRun::choose(extra, {0, 1}, y),
            MapRun::choose(extra, {-lane_x, static_cast<u32>(walk.extra_columns)}, x),
            {tile.first.z - r.z, tile.first.y - r.y, lane_x - r.x},
            extra ? -1 : map.most_distance};
  }

  // Of the tile's columns first, first + 1, ... of this lane; `first` is a multiple of 8.
  NA_DEVICE Group group(u32 first) const {
    const MapExtents at = coordinates_of(box, {0, 0, 0}, first);
    const bool outer = z.contains(at.z) && y.contains(at.y);
    const MapRun run{x.first - at.x, outer ? x.count : 0u};
    return {most_distance < 0 ? run : inside(run, at)};
  }

 private:
  // What of a run lies in the circle around the row.
  NA_DEVICE MapRun inside(const MapRun& run, const MapExtents& at) const {
    const i32 rest = most_distance - square(distance.z + at.z) - square(distance.y + at.y);
    const i32 root = integer_root(max_of(rest, 0));
    const i32 here = -(distance.x + at.x);  // the column beside the row
    const i32 begin = max_of(run.first, here - root);
    const i32 end = min_of(run.first + static_cast<i32>(run.count), here + root + 1);
    return {begin, rest < 0 ? 0u : static_cast<u32>(max_of(end - begin, 0))};
  }
};

}  // namespace na
