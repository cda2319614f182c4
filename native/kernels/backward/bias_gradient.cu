// Family `bias_gradient`: the gradient of a relative bias. The build gives the element type from the manifest
// (native/manifest/kernels.json).
#include "na/backward/bias_gradient.h"

static_assert(NA_SIMT_SHARED_BYTES == NA_SIMT_THREADS * sizeof(na::f32), "a sum for each thread");

NA_ENTRY(NA_SIMT_THREADS, 1) NA_SIMT_ENTRY(na::BackwardParams params) {
  NA_DYNAMIC_SHARED(shared);
  na::BiasGradient<na::NA_ELEMENT, NA_SIMT_THREADS>::run(params, shared);
}
