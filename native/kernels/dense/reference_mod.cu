// Family `dense`, forward, rung `reference`, problems with modifiers: one kernel for every head dim.
#include "na/attention/forward_reference.h"

static_assert(NA_REFERENCE_MOD_BLOCK_M == NA_REFERENCE_MOD_THREADS, "one thread per output row");

NA_ENTRY(NA_REFERENCE_MOD_THREADS, 1) NA_REFERENCE_MOD_ENTRY(na::DenseModifiedParams params) {
  na::ReferenceForward<na::NA_ELEMENT, NA_REFERENCE_MOD_BLOCK_M, na::ModifiedProblem>::run(params);
}
