// Family `rotary`: rotary position embedding of one or two tensors. The build gives the element type from the
// manifest (native/manifest/kernels.json).
#include "na/rotary/rotate_rows.h"

NA_ENTRY(NA_SIMT_THREADS, 1) NA_SIMT_ENTRY(na::RotaryParams params) {
  using Element = na::NA_ELEMENT;
  if (params.flags & na::kRotaryVectors) {
    na::RotateRows<Element, na::thread::kVectorLength<Element>, NA_SIMT_THREADS>::run(params);
  } else {
    na::RotateRows<Element, 1, NA_SIMT_THREADS>::run(params);
  }
}
