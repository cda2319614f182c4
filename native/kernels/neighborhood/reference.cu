// Family `neighborhood`, forward, rung `reference`: one kernel for every head dim.
#include "na/attention/forward_reference.h"
#include "na/neighborhood/map_problem.h"

static_assert(NA_REFERENCE_BLOCK_M == NA_REFERENCE_THREADS, "one thread per output row");

NA_ENTRY(NA_REFERENCE_THREADS, 1) NA_REFERENCE_ENTRY(na::NeighborhoodParams params) {
  na::ReferenceForward<na::NA_ELEMENT, NA_REFERENCE_BLOCK_M, na::MapProblem>::run(params);
}
