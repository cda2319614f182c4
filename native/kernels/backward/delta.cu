// Family `delta`: what the backward needs of every query row. The build gives the element type from the manifest
// (native/manifest/kernels.json).
#include "na/backward/delta.h"

NA_ENTRY(NA_SIMT_THREADS, 1) NA_SIMT_ENTRY(na::DeltaParams params) {
  using Element = na::NA_ELEMENT;
  if (params.flags & na::kDenseVectorLoads) {
    na::DeltaRows<Element, na::thread::kVectorLength<Element>, NA_SIMT_THREADS>::run(params);
  } else {
    na::DeltaRows<Element, 1, NA_SIMT_THREADS>::run(params);
  }
}
