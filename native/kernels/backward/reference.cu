// Family `backward`, rungs `reference_keys` and `reference_queries`: one kernel for every head dim.
#include "na/backward/reference.h"

static_assert(NA_REFERENCE_KEYS_BLOCK_M == NA_REFERENCE_KEYS_THREADS &&
                  NA_REFERENCE_QUERIES_BLOCK_M == NA_REFERENCE_QUERIES_THREADS,
              "one thread per row");

NA_ENTRY(NA_REFERENCE_KEYS_THREADS, 1) NA_REFERENCE_KEYS_ENTRY(na::BackwardParams params) {
  na::ReferenceBackward<na::NA_ELEMENT, NA_REFERENCE_KEYS_BLOCK_M, na::Pass::kKeys>::run(params);
}

NA_ENTRY(NA_REFERENCE_QUERIES_THREADS, 1) NA_REFERENCE_QUERIES_ENTRY(na::BackwardParams params) {
  na::ReferenceBackward<na::NA_ELEMENT, NA_REFERENCE_QUERIES_BLOCK_M, na::Pass::kQueries>::run(params);
}
