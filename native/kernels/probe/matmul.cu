// Matrix products out of registers by mma.sync: what the portable kernels could reach at most.
//
// input: fragments in the order of their lanes, 16 bytes of A and 8 bytes of B a lane: A[4][32 lanes][4 words], then
// B[4][32 lanes][2 words]. Every warp adds all 16 products A[i] B[j] to 16 independent accumulators, `iterations`
// times. output[thread][4]: the sum of its accumulators in the order of an mma tile (mma.h), so that each warp leaves
// iterations * (A[0] + .. + A[3]) (B[0] + .. + B[3]), 16 x 8. float32 is three tf32 products, as in operand.h.
#include "na/op/warp/operand.h"
#include "probe.h"

namespace {

using na::f32;
using na::u32;
using na::u64;
using Operand = na::warp::Operand<na::NA_ELEMENT>;

constexpr u32 kFragments = 4;

struct Registers {
  Operand::A a[kFragments];
  Operand::B b[kFragments];
  f32 c[kFragments][kFragments][4];
};

NA_DEVICE void load(Registers& r, const u32* words) {
  const u32* a = words + na::lane_index() * 4;
  const u32* b = words + kFragments * 32 * 4 + na::lane_index() * 2;
  NA_UNROLL
  for (u32 i = 0; i < kFragments; ++i) {
    const u32 fragment[4] = {a[i * 128], a[i * 128 + 1], a[i * 128 + 2], a[i * 128 + 3]};
    r.a[i] = Operand::make_a(fragment);
    r.b[i] = Operand::make_b(b[i * 64], b[i * 64 + 1]);
    NA_UNROLL
    for (u32 j = 0; j < kFragments * 4; ++j) {
      r.c[i][j / 4][j % 4] = 0.0f;
    }
  }
}

NA_DEVICE void multiply(Registers& r) {
  NA_UNROLL
  for (u32 i = 0; i < kFragments; ++i) {
    NA_UNROLL
    for (u32 j = 0; j < kFragments; ++j) {
      Operand::multiply(r.c[i][j], r.a[i], r.b[j]);
    }
  }
}

NA_DEVICE void store_sum(const Registers& r, f32* output) {
  NA_UNROLL
  for (u32 e = 0; e < 4; ++e) {
    f32 sum = 0.0f;
    NA_UNROLL
    for (u32 t = 0; t < kFragments * kFragments; ++t) {
      sum += r.c[t / kFragments][t % kFragments][e];
    }
    output[e] = sum;
  }
}

}  // namespace

NA_ENTRY(NA_PROBE_THREADS, 2) NA_PROBE_ENTRY(na::ProbeParams params) {
  Registers registers;
  load(registers, static_cast<const u32*>(params.input));
  NA_NO_UNROLL
  for (u64 i = 0; i < params.iterations; ++i) {
    multiply(registers);
  }
  store_sum(registers, static_cast<f32*>(params.output) + na::probe_thread(NA_PROBE_THREADS) * 4);
}
