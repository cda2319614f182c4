// A band and a prefix of keys: the second form of visibility. C# twin: KeyVisibility.
#pragma once

#include "na/mask/band.h"

namespace na {

// Keys that one row sees: those of the band and [0, prefix_last].
struct PrefixedKeys {
  VisibleKeys band;
  i32 prefix_last;  // -1: none

  NA_DEVICE bool contains(i32 key) const { return band.contains(key) || key <= prefix_last; }

  NA_DEVICE i32 lowest() const { return prefix_last < 0 ? band.first : 0; }

  NA_DEVICE i32 highest() const { return max_of(band.last, prefix_last); }

  // The same keys, counted from `origin`.
  NA_DEVICE PrefixedKeys from(i32 origin) const { return {band.from(origin), prefix_last - origin}; }
};

struct PrefixedBand {
  Band band;
  i32 prefix_keys;
  i32 prefix_right;

  NA_DEVICE PrefixedKeys of_query(i32 query, i32 key_length) const {
    return {band.of_query(query, key_length), prefix_last(query, key_length)};
  }

  NA_DEVICE i32 prefix_last(i32 query, i32 key_length) const {
    const i64 last = min_of<i64>(min_of(prefix_keys, key_length) - 1, static_cast<i64>(query) + prefix_right);
    return static_cast<i32>(max_of<i64>(last, -1));
  }
};

}  // namespace na
