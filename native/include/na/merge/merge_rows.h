// Merge of partial attention results, a group of lanes a row.
//
// With L_k the log-sum-exp of part k and M the largest, w_k = exp(L_k - M), LSE = M + ln(sum w_k) and
// O = sum(w_k O_k) / sum w_k, summed in the order of the parts: the result does not depend on the launch. A part of
// weight 0 saw no key that counts; it is skipped, since its output may be anything. Rows whose parts are all empty
// give output 0 and LSE -inf; a NaN stays in its row. The identity behind it is that of online softmax (arXiv
// 1805.02867).
#pragma once

#include "na/math/exp2.h"
#include "na/merge/params.h"
#include "na/op/thread/chunk.h"
#include "na/op/warp/barrier.h"
#include "na/tile/row_groups.h"
#include "na/tile/tensor_row.h"

namespace na {

template <class Part, class Element, u32 kChunk, u32 kThreads>
class MergeRows {
 public:
  static NA_DEVICE void run(const MergeParams& params) {
    const RowGroups groups = RowGroups::of_thread<kThreads>(static_cast<u32>(params.group_shift));
    const u64 rows = static_cast<u64>(params.batch) * params.heads * params.length;
    // All groups of a warp go round as often as its first one: they meet at the barrier.
    for (u64 row = groups.first; row - lane_index() / groups.lanes < rows; row += groups.step) {
      f32 lse = 0.0f;
      if (row < rows) {
        lse = MergeRows(params, static_cast<u32>(row)).merge(groups.lane, groups.lanes);
      }
      warp::synchronize();  // all lanes have read what is overwritten when lse is first_lse
      if (params.lse != nullptr && row < rows && groups.lane == 0) {
        params.lse[row] = lse;
      }
    }
  }

 private:
  const MergeParams& params_;
  const u32 row_;
  f32 offset_;  // the largest LSE, or 0 where there is none: it avoids -inf - -inf
  f32 sum_;     // of the weights, in the order of the parts

  NA_DEVICE MergeRows(const MergeParams& params, u32 row) : params_(params), row_(row) {
    f32 largest = -infinity();
    NA_NO_UNROLL
    for (i32 k = 0; k < params.parts; ++k) {
      largest = max_ignoring_nan(largest, lse(k));
    }
    offset_ = largest == -infinity() ? 0.0f : largest;
    sum_ = 0.0f;
    NA_NO_UNROLL
    for (i32 k = 0; k < params.parts; ++k) {
      sum_ += weight(k);
    }
  }

  NA_DEVICE f32 lse(i32 k) const {
    return k == 0 ? params_.first_lse[row_] : params_.rest_lse[(k - 1) * params_.rest_lse_stride + row_];
  }

  NA_DEVICE f32 weight(i32 k) const { return exp2((lse(k) - offset_) * kLog2E); }

  // Writes this lane's part of the output; the log-sum-exp of the whole.
  NA_DEVICE f32 merge(u32 lane, u32 lanes) const {
    const TensorRow row = position();
    const f32 inverse = sum_ == 0.0f ? 0.0f : 1.0f / sum_;
    Element* output = row.in<Element>(params_.output);
    NA_NO_UNROLL
    for (u32 d = lane * kChunk; d < static_cast<u32>(params_.dim); d += lanes * kChunk) {
      merge_chunk(row, d, inverse, output + d);
    }
    return sum_ == 0.0f ? -infinity() : offset_ + log2(sum_) * kLn2;
  }

  NA_DEVICE TensorRow position() const {
    const u32 head_and_batch = row_ / params_.length;
    return {head_and_batch / params_.heads, row_ % params_.length, head_and_batch % params_.heads};
  }

  NA_DEVICE void merge_chunk(const TensorRow& row, u32 d, f32 inverse, Element* output) const {
    const Part* rest = row.in<Part>(params_.rest) + d;
    f32 sum[kChunk] = {};
    NA_NO_UNROLL
    for (i32 k = 0; k < params_.parts; ++k) {
      const f32 w = weight(k);
      if (w != 0.0f) {
        f32 x[kChunk];
        thread::load_chunk(x, k == 0 ? row.in<Part>(params_.first) + d : rest + (k - 1) * params_.rest_stride);
        NA_UNROLL
        for (u32 i = 0; i < kChunk; ++i) {
          sum[i] = __builtin_fmaf(w, x[i], sum[i]);
        }
      }
    }
    NA_UNROLL
    for (u32 i = 0; i < kChunk; ++i) {
      sum[i] *= inverse;
    }
    thread::store_chunk(output, sum);
  }
};

}  // namespace na
