// Forward attention, one thread per output row: the textbook, the oracle and the fallback.
//
// Two passes over the visible keys: the maximum of the scores, then sum and output against it. Nothing is shared,
// nothing is rounded before the end.
#pragma once

#include "na/attention/block_problem.h"
#include "na/math/element.h"
#include "na/math/softmax_state.h"

namespace na {

template <class Element, u32 kHeadDim, u32 kBlockM>
struct ReferenceForward {
  static NA_DEVICE void run(const DenseForwardParams& params) {
    const BlockProblem problem = BlockProblem::of_block<kBlockM>(params);
    const i32 row = static_cast<i32>(thread_index());
    if (row < problem.query_count) {
      attend(params, problem, problem.first_query + row);
    }
  }

 private:
  static NA_DEVICE void attend(const DenseForwardParams& params, const BlockProblem& problem, i32 query) {
    const Element* q = BlockProblem::row_pointer<Element>(params.query, problem.batch, query, problem.query_head);
    const Element* k = BlockProblem::row_pointer<Element>(params.key, problem.batch, 0, problem.key_value_head);
    const Element* v = BlockProblem::row_pointer<Element>(params.value, problem.batch, 0, problem.key_value_head);
    const VisibleKeys keys = Band{params.band_left, params.band_right}.of_query(query, params.key_length);

    SoftmaxState state = SoftmaxState::empty();
    for (i32 j = keys.first; j <= keys.last; ++j) {
      state.raise(score(params, q, k + j * params.key.sequence_stride), 1.0f);
    }
    const f32 offset = state.offset(1.0f);
    state.sum = 0.0f;
    f32 output[kHeadDim] = {};
    for (i32 j = keys.first; j <= keys.last; ++j) {
      const f32 p = exp2(score(params, q, k + j * params.key.sequence_stride) - offset);
      state.sum += p;
      add_value(output, p, v + j * params.value.sequence_stride, params.value_head_dim);
    }
    store(params, problem, query, output, state);
  }

  // In base-2 units. Rounded, so that the maximum subtracted from it later is exactly one of these numbers, however
  // large.
  static NA_DEVICE f32 score(const DenseForwardParams& params, const Element* q, const Element* k) {
    f32 dot = 0.0f;
    for (i32 d = 0; d < params.head_dim; ++d) {
      dot = __builtin_fmaf(widen(q[d]), widen(k[d]), dot);
    }
    return multiply_rounded(dot, params.scale * kLog2E);
  }

  static NA_DEVICE void add_value(f32 (&output)[kHeadDim], f32 p, const Element* v, i32 dim) {
    NA_UNROLL
    for (i32 d = 0; d < static_cast<i32>(kHeadDim); ++d) {
      if (d < dim) {
        output[d] = __builtin_fmaf(p, widen(v[d]), output[d]);
      }
    }
  }

  static NA_DEVICE void store(const DenseForwardParams& params, const BlockProblem& problem, i32 query,
                              const f32 (&output)[kHeadDim], const SoftmaxState& state) {
    Element* row = BlockProblem::row_pointer<Element>(params.output, problem.batch, query, problem.query_head);
    const f32 inverse = state.inverse_sum();
    NA_UNROLL
    for (i32 d = 0; d < static_cast<i32>(kHeadDim); ++d) {
      if (d < params.value_head_dim) {
        row[d] = narrow<Element>(output[d] * inverse);
      }
    }
    if (params.lse != nullptr) {
      *problem.lse_row(params, query) = state.log_sum_exp(1.0f);
    }
  }
};

}  // namespace na
