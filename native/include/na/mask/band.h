// The band of keys a query may see, for one row. C# twin: KeyBand.
#pragma once

#include "na/base/builtins.h"

namespace na {

// Keys [first, last] of one row; empty when last < first.
struct VisibleKeys {
  i32 first;
  i32 last;

  NA_DEVICE bool contains(i32 key) const { return key >= first && key <= last; }

  NA_DEVICE i32 lowest() const { return first; }

  NA_DEVICE i32 highest() const { return last; }

  // The same keys, counted from `origin`.
  NA_DEVICE VisibleKeys from(i32 origin) const { return {first - origin, last - origin}; }
};

// Which columns of a lane's row are visible, asked for eight columns at a time.
template <class Keys>
struct VisibleColumns {
  Keys columns;  // counted from the lane's first one

  struct Group {
    Keys columns;
    u32 first;

    NA_DEVICE bool contains(u32 column) const { return columns.contains(static_cast<i32>(first + column)); }
  };

  NA_DEVICE Group group(u32 first) const { return {columns, first}; }
};

struct Band {
  i32 left;
  i32 right;

  // Sums in 64 bits: bounds saturate at the ends of i32.
  NA_DEVICE VisibleKeys of_query(i32 query, i32 key_length) const {
    const i64 first = max_of<i64>(0, static_cast<i64>(query) + left);
    const i64 last = min_of<i64>(static_cast<i64>(key_length) - 1, static_cast<i64>(query) + right);
    return {static_cast<i32>(min_of<i64>(first, key_length)), static_cast<i32>(max_of<i64>(last, -1))};
  }
};

}  // namespace na
