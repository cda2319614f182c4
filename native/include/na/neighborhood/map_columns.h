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

struct MapColumns {
  MapBox box;
  MapInterval z;
  MapInterval y;
  MapInterval x;        // of this lane: counted from its first column
  MapExtents distance;  // from the row to the tile's first column; x: to the lane's
  i32 most_distance;

  struct Group {
    i32 first;
    u32 count;

    NA_DEVICE bool contains(u32 column) const {
      return static_cast<u32>(static_cast<i32>(column) - first) < count;
    }
  };

  // Of the tile's columns first, first + 1, ... of this lane; `first` is a multiple of 8.
  NA_DEVICE Group group(u32 first) const {
    const MapExtents at = coordinates_of(box, {0, 0, 0}, first);
    const bool outer = at.z >= z.begin && at.z < z.end && at.y >= y.begin && at.y < y.end;
    i32 begin = x.begin - at.x;
    i32 end = x.end - at.x;
    if (most_distance >= 0) {
      const i32 rest = most_distance - square(distance.z + at.z) - square(distance.y + at.y);
      const i32 root = integer_root(max_of(rest, 0));
      const i32 here = -(distance.x + at.x);  // the column beside the row
      begin = max_of(begin, here - root);
      end = rest < 0 ? begin : min_of(end, here + root + 1);
    }
    return {begin, outer && end > begin ? static_cast<u32>(end - begin) : 0u};
  }
};

}  // namespace na
