// The derivative of one score, by one thread: the textbook.
#pragma once

#include "na/backward/params.h"
#include "na/math/element.h"
#include "na/math/exp2.h"

namespace na {

// A query and a key that see each other: the rows of query, key, output gradient and value.
template <class Element>
struct PairRows {
  const Element* query;
  const Element* key;
  const Element* output_gradient;
  const Element* value;
};

struct PairGradient {
  f32 probability;
  f32 slope;  // dS

  // `bias` in natural units.
  template <class Element>
  static NA_DEVICE PairGradient of(const BackwardParams& p, const PairRows<Element>& rows,
                                   const RowStatistics& statistics, f32 bias) {
    const f32 score = __builtin_fmaf(dot(rows.query, rows.key, p.head_dim), p.scale, bias) * kLog2E;
    const f32 probability = exp2(score - statistics.lse);
    const f32 through_value = dot(rows.output_gradient, rows.value, p.value_head_dim);
    return {probability, probability * (through_value - statistics.delta)};
  }

 private:
  template <class Element>
  static NA_DEVICE f32 dot(const Element* a, const Element* b, i32 dim) {
    f32 sum = 0.0f;
    NA_NO_UNROLL
    for (i32 d = 0; d < dim; ++d) {
      sum = __builtin_fmaf(widen(a[d]), widen(b[d]), sum);
    }
    return sum;
  }
};

}  // namespace na
