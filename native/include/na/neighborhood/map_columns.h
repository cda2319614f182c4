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

// Some of an axis's columns, counted from the tile's first one.
struct MapRun {
  i32 first;
  u32 count;

  NA_DEVICE bool contains(i32 column) const { return static_cast<u32>(column - first) < count; }

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
