// Rows dealt out to groups of 2^shift neighbouring lanes, for any number of blocks.
#pragma once

#include "na/base/builtins.h"

namespace na {

struct RowGroups {
  u64 first;  // row of this thread's group
  u64 step;   // rows from one round to the next
  u32 lane;   // of this thread in its group
  u32 lanes;  // of a group

  template <u32 kThreads>
  static NA_DEVICE RowGroups of_thread(u32 shift) {
    const u32 groups = kThreads >> shift;
    return {static_cast<u64>(block_index()) * groups + (thread_index() >> shift),
            static_cast<u64>(block_count()) * groups, thread_index() & ((1u << shift) - 1), 1u << shift};
  }
};

}  // namespace na
