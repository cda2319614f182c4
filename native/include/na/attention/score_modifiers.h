// Everything that changes the scores of one query row, in base-2 units: see DenseModifiedParams for meaning and
// order.
//
// One score at a time for the reference, two columns of every key tile at a time for the tiled loop. What is absent
// costs one uniform branch for a row of a tile.
#pragma once

#include "na/attention/modified_problem.h"
#include "na/math/tanh.h"
#include "na/op/thread/load.h"

namespace na {

template <class Element>
struct ScoreModifiers {
  const DenseModifiedParams& params;
  const ModifiedProblem& problem;
  i32 query;  // one that exists

  // One score from the product of query and key; -inf where the boolean mask hides it. The key exists.
  NA_DEVICE f32 apply(f32 dot, i32 key) const {
    f32 score[1][1] = {{dot}};
    apply(score, 0, key, 1);
    return score[0][0];
  }

  // scores[n][first], scores[n][first + 1]: keys first_key + 8 n and the next one, products at first. Of those at or
  // beyond first_key + keys nothing is read.
  template <u32 kKeyTiles, u32 kWidth>
  NA_DEVICE void apply(f32 (&scores)[kKeyTiles][kWidth], u32 first, i32 first_key, i32 keys) const {
    scale(scores, first);
    if (params.bias.data != nullptr) {
      if (sizeof(Element) == sizeof(f32) || (params.flags & kDenseFloatBias) != 0) {
        add_bias<f32>(scores, first, first_key, keys);
      } else {
        add_bias<Element>(scores, first, first_key, keys);
      }
    }
    if (params.key_log_weight.data != nullptr) {
      const OperandRef& weight = params.key_log_weight;
      const f32* entries = static_cast<const f32*>(weight.data) + problem.batch * weight.batch_stride +
                           problem.key_head * weight.head_stride + problem.key_token(first_key) * weight.key_stride;
      add(scores, first, entries, weight.key_stride, keys);
    }
    if (params.alibi_slopes.data != nullptr) {
      subtract_distances(scores, first, first_key);
    }
    if (params.mask.data != nullptr) {
      hide_masked(scores, first, first_key, keys);
    }
  }

 private:
  // Element 0 of the row of a matrix operand.
  template <class Entry>
  NA_DEVICE const Entry* row_of(const OperandRef& matrix) const {
    return static_cast<const Entry*>(matrix.data) + problem.batch * matrix.batch_stride +
           problem.query_head * matrix.head_stride + query * matrix.query_stride;
  }

  // Rounded, so that no maximum is subtracted from anything but the scores themselves.
  template <u32 kKeyTiles, u32 kWidth>
  NA_DEVICE void scale(f32 (&scores)[kKeyTiles][kWidth], u32 first) const {
    f32 factor = params.dense.scale;
    if (params.query_temperature.data != nullptr) {
      factor *= problem.entry(params.query_temperature, problem.query_head, problem.query_token(query), 0);
    }
    if (params.soft_cap > 0.0f) {
      const f32 to_cap = factor / params.soft_cap;
      const f32 cap = params.soft_cap * kLog2E;
      for_each(scores, first, [&](f32 s, i32) { return multiply_rounded(cap, tanh(s * to_cap)); });
    } else {
      const f32 to_base_2 = factor * kLog2E;
      for_each(scores, first, [&](f32 s, i32) { return multiply_rounded(s, to_base_2); });
    }
  }

  template <class Entry, u32 kKeyTiles, u32 kWidth>
  NA_DEVICE void add_bias(f32 (&scores)[kKeyTiles][kWidth], u32 first, i32 first_key, i32 keys) const {
    const i64 stride = params.bias.key_stride;
    add(scores, first, row_of<Entry>(params.bias) + first_key * stride, stride, keys);
  }

  template <u32 kKeyTiles, u32 kWidth, class Entry>
  static NA_DEVICE void add(f32 (&scores)[kKeyTiles][kWidth], u32 first, const Entry* entries, i64 stride, i32 keys) {
    for_each(scores, first, [&](f32 s, i32 column) {
      return __builtin_fmaf(thread::load_if(entries + column * stride, column < keys), kLog2E, s);
    });
  }

  template <u32 kKeyTiles, u32 kWidth>
  NA_DEVICE void subtract_distances(f32 (&scores)[kKeyTiles][kWidth], u32 first, i32 first_key) const {
    const f32 slope = problem.entry(params.alibi_slopes, problem.query_head, 0, 0) * kLog2E;
    const i32 diagonal = problem.diagonal_key(params, query) - first_key;
    for_each(scores, first, [&](f32 s, i32 column) {
      return __builtin_fmaf(-slope, static_cast<f32>(__builtin_abs(diagonal - column)), s);
    });
  }

  template <u32 kKeyTiles, u32 kWidth>
  NA_DEVICE void hide_masked(f32 (&scores)[kKeyTiles][kWidth], u32 first, i32 first_key, i32 keys) const {
    const i64 stride = params.mask.key_stride;
    const u8* shown = row_of<u8>(params.mask) + first_key * stride;
    for_each(scores, first, [&](f32 s, i32 column) {
      return thread::load_if(shown + column * stride, column < keys) != 0 ? s : -infinity();
    });
  }

  // Every score of a lane's row by `change`, which is told the column.
  template <u32 kKeyTiles, u32 kWidth, class Change>
  static NA_DEVICE void for_each(f32 (&scores)[kKeyTiles][kWidth], u32 first, const Change& change) {
    constexpr u32 kColumns = kWidth == 1 ? 1 : 2;
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      NA_UNROLL
      for (u32 i = 0; i < kColumns; ++i) {
        scores[n][first + i] = change(scores[n][first + i], static_cast<i32>(8 * n + i));
      }
    }
  }
};

}  // namespace na
