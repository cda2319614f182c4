// Reads memory from end to end, 16 bytes a load, eight loads of a thread in flight.
//
// A step of the grid reads 8 * threads of the launch * 16 consecutive bytes of input; there are `iterations` steps.
// output[thread]: the sum of the 32-bit words it read, modulo 2^32.
#include "na/op/thread/load.h"
#include "probe.h"

namespace {

using na::u32;
using na::u64;

constexpr u32 kInFlight = 8;
constexpr u32 kLoadBytes = 16;

}  // namespace

NA_ENTRY(NA_PROBE_THREADS, 1) NA_PROBE_ENTRY(na::ProbeParams params) {
  const u64 thread = na::probe_thread(NA_PROBE_THREADS);
  const u64 stride = static_cast<u64>(na::block_count()) * NA_PROBE_THREADS * kLoadBytes;
  u64 address = reinterpret_cast<u64>(params.input) + thread * kLoadBytes;
  u32 sum = 0;
  NA_NO_UNROLL
  for (u64 i = 0; i < params.iterations; ++i) {
    u32 words[kInFlight][4];
    NA_UNROLL
    for (u32 k = 0; k < kInFlight; ++k) {
      na::thread::load_global_16(words[k], address);
      address += stride;
    }
    NA_UNROLL
    for (u32 k = 0; k < kInFlight; ++k) {
      sum += words[k][0] + words[k][1] + words[k][2] + words[k][3];
    }
  }
  static_cast<u32*>(params.output)[thread] = sum;
}
