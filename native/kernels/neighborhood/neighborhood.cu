// Family `neighborhood`, forward: the loop of dense attention over the tiles of a map. The build gives element type,
// head dim and tile sizes from the manifest (native/manifest/kernels.json).
#include "na/attention/forward_tiled.h"
#include "na/neighborhood/map_problem.h"

namespace {

using Tiled = na::TiledConfig<na::NA_ELEMENT, NA_HEAD_DIM, NA_TILED_BLOCK_M, NA_TILED_BLOCK_N, NA_TILED_THREADS / 32>;

static_assert(Tiled::kSharedBytes == NA_TILED_SHARED_BYTES, "the manifest states the shared memory of the kernel");

}  // namespace

NA_ENTRY(NA_TILED_THREADS, 1) NA_TILED_ENTRY(na::NeighborhoodParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::TiledForward<Tiled, na::MapProblem>::run(params, shared);
}
