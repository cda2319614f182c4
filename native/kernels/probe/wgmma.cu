// Matrix products of warpgroups out of shared memory (sm_90a): what the Hopper kernels could reach at most.
//
// input: A[128][64], B[256][64] of 16-bit elements, row-major. A block of two warpgroups adds the product of A and B
// transposed to its accumulators, 4 times an iteration; warpgroup g has rows 64 g to 64 g + 63 of A.
// output[thread][4]: the sum over the 32 tiles of 8 columns in the order of an mma tile (mma.h).
#include "na/op/block/barrier.h"
#include "na/op/block/shared_memory.h"
#include "na/op/thread/load.h"
#include "na/op/warpgroup/wgmma.h"
#include "na/tile/swizzle.h"
#include "probe.h"

namespace {

using na::f32;
using na::u32;
using na::u64;

constexpr u32 kRowsA = 128;
constexpr u32 kRowsB = 256;
constexpr u32 kRowChunks = 8;
constexpr u32 kRowBytes = kRowChunks * na::kChunkBytes;
constexpr u32 kSteps = 4;  // of 16 elements in a row of 64
constexpr u32 kStepBytes = 32;
constexpr u32 kRepeats = 4;

static_assert(NA_PROBE_SHARED_BYTES == (kRowsA + kRowsB) * kRowBytes, "the manifest states the shared memory");
static_assert(NA_PROBE_THREADS == 256, "two warpgroups of 64 rows");

// A and B lie one after another, in the input and in shared memory.
NA_DEVICE void load(u32 shared, const void* input) {
  for (u32 chunk = na::thread_index(); chunk < (kRowsA + kRowsB) * kRowChunks; chunk += NA_PROBE_THREADS) {
    u32 words[4];
    na::thread::load_global_16(words, reinterpret_cast<u64>(input) + u64{chunk} * na::kChunkBytes);
    na::block::store_chunk(shared + na::swizzled_offset<kRowChunks>(chunk / kRowChunks, chunk % kRowChunks), words);
  }
  na::warpgroup::fence_shared_writes();
  na::block::synchronize();
}

// Four times the product of the tiles, in one go: the other warpgroup works while this one waits for its last.
NA_DEVICE void multiply(f32 (&c)[128], u64 a, u64 b) {
  na::warpgroup::fence();
  NA_UNROLL
  for (u32 step = 0; step < kRepeats * kSteps; ++step) {
    const u32 along_k = step % kSteps * (kStepBytes >> 4);
    na::warpgroup::mma_m64n256k16<na::NA_ELEMENT>(c, a + along_k, b + along_k);
  }
  na::warpgroup::commit();
  na::warpgroup::wait<0>(c);
}

NA_DEVICE void store_sum(const f32 (&c)[128], f32* output) {
  NA_UNROLL
  for (u32 e = 0; e < 4; ++e) {
    f32 sum = 0.0f;
    NA_UNROLL
    for (u32 tile = 0; tile < 32; ++tile) {
      sum += c[tile * 4 + e];
    }
    output[e] = sum;
  }
}

}  // namespace

NA_ENTRY(NA_PROBE_THREADS, 1) NA_PROBE_ENTRY(na::ProbeParams params) {
  NA_DYNAMIC_SHARED(shared);
  const u32 address = na::block::shared_address(shared);
  load(address, params.input);
  const u64 a = na::warpgroup::k_major_descriptor(address + na::thread_index() / 128 * 64 * kRowBytes);
  const u64 b = na::warpgroup::k_major_descriptor(address + kRowsA * kRowBytes);
  f32 c[128];
  NA_UNROLL
  for (u32 i = 0; i < 128; ++i) {
    c[i] = 0.0f;
  }
  NA_NO_UNROLL
  for (u64 i = 0; i < params.iterations; ++i) {
    multiply(c, a, b);
  }
  store_sum(c, static_cast<f32*>(params.output) + na::probe_thread(NA_PROBE_THREADS) * 4);
}
