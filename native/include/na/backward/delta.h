// What the passes of the backward need of every query row: its log-sum-exp in base 2, and delta.
#pragma once

#include "na/backward/params.h"
#include "na/math/exp2.h"
#include "na/op/thread/chunk.h"
#include "na/op/warp/reduce.h"
#include "na/tile/row_groups.h"
#include "na/tile/tensor_row.h"

namespace na {

template <class Element, u32 kChunk, u32 kThreads>
struct DeltaRows {
  static NA_DEVICE void run(const DeltaParams& params) {
    const RowGroups groups = RowGroups::of_thread<kThreads>(static_cast<u32>(params.group_shift));
    const u64 rows = static_cast<u64>(params.batch) * params.query_heads * params.query_tokens;
    // All groups of a warp go round as often as its first one: they add up together.
    for (u64 row = groups.first; row - lane_index() / groups.lanes < rows; row += groups.step) {
      f32 dot = row < rows ? dot_of(params, position(params, static_cast<u32>(row)), groups) : 0.0f;
      for (u32 mask = 1; mask < groups.lanes; mask *= 2) {
        dot += warp::shuffle_xor(dot, mask);
      }
      if (row < rows && groups.lane == 0) {
        params.statistics[row] = statistics(params, position(params, static_cast<u32>(row)), dot);
      }
    }
  }

 private:
  static NA_DEVICE TensorRow position(const DeltaParams& params, u32 row) {
    const u32 head_and_batch = row / static_cast<u32>(params.query_tokens);
    return {head_and_batch / static_cast<u32>(params.query_heads), row % static_cast<u32>(params.query_tokens),
            head_and_batch % static_cast<u32>(params.query_heads)};
  }

  // This lane's part of O . dO.
  static NA_DEVICE f32 dot_of(const DeltaParams& params, const TensorRow& row, const RowGroups& groups) {
    const Element* output = row.in<Element>(params.output);
    const Element* gradient = row.in<Element>(params.output_gradient);
    f32 dot = 0.0f;
    NA_NO_UNROLL
    for (u32 d = groups.lane * kChunk; d < static_cast<u32>(params.value_head_dim); d += groups.lanes * kChunk) {
      f32 x[kChunk];
      f32 y[kChunk];
      thread::load_chunk(x, output + d);
      thread::load_chunk(y, gradient + d);
      NA_UNROLL
      for (u32 i = 0; i < kChunk; ++i) {
        dot = __builtin_fmaf(x[i], y[i], dot);
      }
    }
    return dot;
  }

  static NA_DEVICE RowStatistics statistics(const DeltaParams& params, const TensorRow& row, f32 dot) {
    const i64 entry = row.batch * params.lse_batch_stride + row.sequence * params.lse_token_stride +
                      row.head * params.lse_head_stride;
    const f32 lse = params.lse[entry];
    if (lse == -infinity()) {
      return {infinity(), 0.0f};
    }
    return {lse * kLog2E, params.lse_gradient == nullptr ? dot : dot - params.lse_gradient[entry]};
  }
};

}  // namespace na
