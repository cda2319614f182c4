// Family `dense`, forward, problems with modifiers: as dense.cu. A module of its own: a driver compiles whole
// modules, and plain problems need none of this.
#include "na/attention/forward_tiled.h"

namespace {

using Tiled = na::TiledConfig<na::NA_ELEMENT, NA_HEAD_DIM, NA_TILED_MOD_BLOCK_M, NA_TILED_MOD_BLOCK_N,
                              NA_TILED_MOD_THREADS / 32>;

static_assert(Tiled::kSharedBytes == NA_TILED_MOD_SHARED_BYTES,
              "the manifest states the shared memory of the kernel");

}  // namespace

NA_ENTRY(NA_TILED_MOD_THREADS, 1) NA_TILED_MOD_ENTRY(na::DenseModifiedParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::TiledForward<Tiled, na::ModifiedProblem>::run(params, shared);
}
