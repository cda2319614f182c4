// Family `backward`, tiled: the two passes, or, where the accumulators of two gradients do not fit beside each other,
// one kernel for each gradient. The build gives element type, head dim and tile sizes from the manifest
// (native/manifest/kernels.json).
#include "na/backward/tiled.h"

using na::Pass;

#ifdef NA_TILED_KEYS_ENTRY
using Keys = na::BackwardConfig<na::NA_ELEMENT, NA_HEAD_DIM, NA_TILED_KEYS_BLOCK_M, NA_TILED_KEYS_BLOCK_N,
                                NA_TILED_KEYS_THREADS / 32, Pass::kKeys, true, true>;
static_assert(Keys::kSharedBytes == NA_TILED_KEYS_SHARED_BYTES, "the manifest states the shared memory");

NA_ENTRY(NA_TILED_KEYS_THREADS, 1) NA_TILED_KEYS_ENTRY(na::BackwardParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::TiledBackward<Keys>::run(params, shared);
}
#else
using Key = na::BackwardConfig<na::NA_ELEMENT, NA_HEAD_DIM, NA_TILED_KEY_BLOCK_M, NA_TILED_KEY_BLOCK_N,
                               NA_TILED_KEY_THREADS / 32, Pass::kKeys, true, false>;
static_assert(Key::kSharedBytes == NA_TILED_KEY_SHARED_BYTES, "the manifest states the shared memory");

NA_ENTRY(NA_TILED_KEY_THREADS, 1) NA_TILED_KEY_ENTRY(na::BackwardParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::TiledBackward<Key>::run(params, shared);
}

using Value = na::BackwardConfig<na::NA_ELEMENT, NA_HEAD_DIM, NA_TILED_VALUE_BLOCK_M, NA_TILED_VALUE_BLOCK_N,
                                 NA_TILED_VALUE_THREADS / 32, Pass::kKeys, false, true>;
static_assert(Value::kSharedBytes == NA_TILED_VALUE_SHARED_BYTES, "the manifest states the shared memory");

NA_ENTRY(NA_TILED_VALUE_THREADS, 1) NA_TILED_VALUE_ENTRY(na::BackwardParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::TiledBackward<Value>::run(params, shared);
}
#endif

using Queries = na::BackwardConfig<na::NA_ELEMENT, NA_HEAD_DIM, NA_TILED_QUERIES_BLOCK_M, NA_TILED_QUERIES_BLOCK_N,
                                   NA_TILED_QUERIES_THREADS / 32, Pass::kQueries, true, false>;
static_assert(Queries::kSharedBytes == NA_TILED_QUERIES_SHARED_BYTES, "the manifest states the shared memory");

NA_ENTRY(NA_TILED_QUERIES_THREADS, 1) NA_TILED_QUERIES_ENTRY(na::BackwardParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::TiledBackward<Queries>::run(params, shared);
}
