// float32 fused multiply-adds out of registers, in 16 independent chains a thread.
//
// input: float32 factor, addend. Chain k of every thread starts with k and becomes x * factor + addend, 4 times an
// iteration. output[thread]: the sum of its chains in the order of k.
#include "probe.h"

namespace {

using na::f32;
using na::u32;
using na::u64;

constexpr u32 kChains = 16;
constexpr u32 kSteps = 4;

}  // namespace

NA_ENTRY(NA_PROBE_THREADS, 2) NA_PROBE_ENTRY(na::ProbeParams params) {
  const f32 factor = static_cast<const f32*>(params.input)[0];
  const f32 addend = static_cast<const f32*>(params.input)[1];
  f32 chains[kChains];
  NA_UNROLL
  for (u32 k = 0; k < kChains; ++k) {
    chains[k] = static_cast<f32>(k);
  }
  NA_NO_UNROLL
  for (u64 i = 0; i < params.iterations; ++i) {
    NA_UNROLL
    for (u32 step = 0; step < kSteps * kChains; ++step) {
      chains[step % kChains] = __builtin_fmaf(chains[step % kChains], factor, addend);
    }
  }
  f32 sum = 0.0f;
  NA_UNROLL
  for (u32 k = 0; k < kChains; ++k) {
    sum += chains[k];
  }
  static_cast<f32*>(params.output)[na::probe_thread(NA_PROBE_THREADS)] = sum;
}
