// Forward attention, one thread per output row: the textbook, the oracle and the fallback.
//
// Passes over the visible keys: the maximum of the scores, then sum and output against it, kColumns of the output at
// a time, so that one kernel does for every head dim. Nothing is shared, nothing is rounded before the end.
#pragma once

#include "na/attention/score_modifiers.h"
#include "na/math/element.h"
#include "na/math/softmax_state.h"

namespace na {

template <class Element, u32 kBlockM, class Problem>
struct ReferenceForward {
  using Params = typename Problem::Params;
  static constexpr i32 kColumns = 64;

  static NA_DEVICE void run(const Params& params) {
    const Problem problem = Problem::template of_block<kBlockM>(params);
    const auto query = problem.query(params, thread_index());
    if (problem.has_query(params, query)) {
      attend(params, problem, query);
    }
  }

 private:
  template <class Query>
  static NA_DEVICE void attend(const Params& params, const Problem& problem, const Query& query) {
    const auto& p = Problem::operands(params);
    const Element* q = problem.template query_row<Element>(params, query);

    SoftmaxState state = SoftmaxState::empty();
    problem.for_each_key(
        params, query, [&](const auto& key) NA_LAMBDA { state.raise(score(params, problem, query, q, key), 1.0f); });
    const f32 extra = sink(params, problem);
    state.raise(extra, 1.0f);
    const f32 offset = state.offset(1.0f);
    NA_NO_UNROLL
    for (i32 column = 0; column < p.value_head_dim; column += kColumns) {
      const i32 columns = p.value_head_dim - column;
      state.sum = exp2(extra - offset);
      f32 output[kColumns] = {};
      problem.for_each_key(params, query, [&](const auto& key) NA_LAMBDA {
        const f32 s = score(params, problem, query, q, key);
        if (Problem::kModified && s == -infinity()) {
          return;  // a hidden value does not matter, whatever it is
        }
        const f32 x = exp2(s - offset);
        state.sum += x;
        add_value(output, x, problem.template value_row<Element>(params, key) + column, columns);
      });
      store(params, problem, query, column, output, state);
    }
    if (p.lse != nullptr) {
      *problem.lse_row(params, query) = state.log_sum_exp(1.0f);
    }
  }

  // In base-2 units. Rounded, so that the maximum subtracted from it later is exactly one of these numbers, however
  // large.
  template <class Query, class Key>
  static NA_DEVICE f32 score(const Params& params, const Problem& problem, const Query& query, const Element* q,
                             const Key& key) {
    const auto& p = Problem::operands(params);
    const Element* k = problem.template key_row<Element>(params, key);
    f32 dot = 0.0f;
    for (i32 d = 0; d < p.head_dim; ++d) {
      dot = __builtin_fmaf(widen(q[d]), widen(k[d]), dot);
    }
    if constexpr (Problem::kModified) {
      const bool sees = problem.visible_keys(params, query).contains(key);
      return sees ? ScoreModifiers<Element>{params, problem, query}.apply(dot, key) : -infinity();
    } else if constexpr (Problem::kHasBias) {
      return __builtin_fmaf(problem.bias(params, query, key), kLog2E, multiply_rounded(dot, p.scale * kLog2E));
    } else {
      return multiply_rounded(dot, p.scale * kLog2E);
    }
  }

  // The row's extra logit in base-2 units; -inf when there is none.
  static NA_DEVICE f32 sink(const Params& params, const Problem& problem) {
    if constexpr (Problem::kModified) {
      return problem.sink(params);
    } else {
      return -infinity();
    }
  }

  static NA_DEVICE void add_value(f32 (&output)[kColumns], f32 p, const Element* v, i32 columns) {
    NA_UNROLL
    for (i32 d = 0; d < kColumns; ++d) {
      if (d < columns) {
        output[d] = __builtin_fmaf(p, widen(v[d]), output[d]);
      }
    }
  }

  template <class Query>
  static NA_DEVICE void store(const Params& params, const Problem& problem, const Query& query, i32 column,
                              const f32 (&output)[kColumns], const SoftmaxState& state) {
    const auto& p = Problem::operands(params);
    Element* row = problem.template output_row<Element>(params, query) + column;
    f32 factor = state.inverse_sum();
    if constexpr (Problem::kModified) {
      factor *= problem.gate(params, query);
    }
    NA_UNROLL
    for (i32 d = 0; d < kColumns; ++d) {
      if (column + d < p.value_head_dim) {
        row[d] = narrow<Element>(output[d] * factor);
      }
    }
  }
};

}  // namespace na
