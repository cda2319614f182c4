// Family `append`: new tokens into caches. The build gives the element type from the manifest
// (native/manifest/kernels.json).
#include "na/append/append_rows.h"
#include "na/math/element.h"

NA_ENTRY(NA_SIMT_THREADS, 1) NA_SIMT_ENTRY(na::AppendParams params) {
  if (params.flags & na::kAppendVectors) {
    na::AppendRows<na::NA_ELEMENT, true, NA_SIMT_THREADS>::run(params);
  } else {
    na::AppendRows<na::NA_ELEMENT, false, NA_SIMT_THREADS>::run(params);
  }
}
