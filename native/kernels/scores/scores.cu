// Family `scores`: the scores of attention, and statistics of its probabilities. The build gives element type and
// tile from the manifest (native/manifest/kernels.json).
#include "na/scores/score_pass.h"

namespace {

using Config = na::ScoreConfig<na::NA_ELEMENT, NA_TILED_BLOCK_M, NA_TILED_BLOCK_N, NA_TILED_THREADS / 32>;

static_assert(Config::kSharedBytes == NA_TILED_SHARED_BYTES, "the manifest states the shared memory of the kernel");

}  // namespace

NA_ENTRY(NA_TILED_THREADS, 1) NA_TILED_ENTRY(na::ScoreParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::ScorePass<Config>::run(params, shared);
}
