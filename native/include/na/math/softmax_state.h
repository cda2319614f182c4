// The state of one row of an online softmax, and the numerical contract every kernel obeys.
//
// Scores arrive as raw numbers x that stand for the base-2 logit x * factor, factor > 0. `maximum` and `sum` hold,
// for the keys seen so far, max x and sum of 2^((x - maximum) * factor). An empty row has maximum = -inf and sum = 0
// and finishes as output 0 and LSE -inf. NaN in a row's scores makes its sum NaN, and so its output and LSE; no other
// row.
//
// Recurrence: online softmax of Milakov and Gimelshein (arXiv 1805.02867), in base 2.
#pragma once

#include "na/math/exp2.h"

namespace na {

struct SoftmaxState {
  f32 maximum;
  f32 sum;

  static NA_DEVICE SoftmaxState empty() { return {-infinity(), 0.0f}; }

  // The reference point in base-2 units. A row that has seen nothing uses 0: it avoids -inf - -inf.
  NA_DEVICE f32 offset(f32 factor) const { return maximum == -infinity() ? 0.0f : maximum * factor; }

  // Takes the maximum of new scores in; returns the factor by which what was summed so far shrinks.
  NA_DEVICE f32 raise(f32 new_maximum, f32 factor) {
    const bool first = maximum == -infinity();
    const f32 old_offset = offset(factor);
    maximum = max_ignoring_nan(maximum, new_maximum);
    // Between rounded offsets, as the exponentials use them: what was summed and what comes then agree exactly.
    const f32 shrink = first ? 0.0f : exp2(old_offset - offset(factor));
    sum *= shrink;
    return shrink;
  }

  // 1 / sum, or 0 for a row that saw nothing.
  NA_DEVICE f32 inverse_sum() const { return sum == 0.0f ? 0.0f : 1.0f / sum; }

  // Natural log of the sum of exponentials. Uses the same rounded offset as the exponentials did, so that its
  // rounding cancels.
  NA_DEVICE f32 log_sum_exp(f32 factor) const {
    return sum == 0.0f ? -infinity() : (offset(factor) + log2(sum)) * kLn2;
  }
};

}  // namespace na
