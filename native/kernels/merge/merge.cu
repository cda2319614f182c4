// Family `merge`: partial results over disjoint keys into one. The build gives the element type from the manifest
// (native/manifest/kernels.json).
#include "na/merge/merge_rows.h"

namespace {

template <class Part>
NA_DEVICE void merge(const na::MergeParams& params) {
  using Element = na::NA_ELEMENT;
  if (params.flags & na::kMergeVectors) {
    na::MergeRows<Part, Element, na::thread::kVectorLength<Element>, NA_SIMT_THREADS>::run(params);
  } else {
    na::MergeRows<Part, Element, 1, NA_SIMT_THREADS>::run(params);
  }
}

}  // namespace

NA_ENTRY(NA_SIMT_THREADS, 1) NA_SIMT_ENTRY(na::MergeParams params) {
  if (sizeof(na::NA_ELEMENT) == sizeof(na::f32) || (params.flags & na::kMergeWideParts)) {
    merge<na::f32>(params);
  } else {
    merge<na::NA_ELEMENT>(params);
  }
}
