// What all probes have in common. A probe is a kernel that does one thing only, as fast as the device can; the GPU
// benchmark measures with them what attention is compared with. Probes do not ship.
#pragma once

#include "na/base/builtins.h"

namespace na {

struct ProbeParams {
  const void* input;
  void* output;
  u64 iterations;
};
static_assert(sizeof(ProbeParams) == 24, "ProbeParameters in C# is its twin");

// Index of a thread in its launch.
NA_DEVICE u64 probe_thread(u32 threads) { return static_cast<u64>(block_index()) * threads + thread_index(); }

}  // namespace na
