// What one block works on when heads, lengths and visible keys are those of DenseModifiedParams: as BlockProblem.
#pragma once

#include "na/attention/block_problem.h"
#include "na/mask/prefixed_band.h"
#include "na/math/exp2.h"
#include "na/schedule/tile_walk.h"

namespace na {

// Where one sequence of the batch lies and how long it is. C# twin: SequenceBounds.
struct SequenceBounds {
  i32 query_begin;
  i32 query_length;
  i32 key_begin;
  i32 key_length;

  static NA_DEVICE SequenceBounds of(const DenseModifiedParams& p, i32 batch) {
    SequenceBounds bounds{0, p.dense.query_length, 0, p.dense.key_length};
    if (p.query_starts != nullptr) {
      cut(p.query_starts, batch, p.query_tokens, bounds.query_begin, bounds.query_length);
      cut(p.key_starts, batch, p.key_tokens, bounds.key_begin, bounds.key_length);
    } else if (p.key_lengths != nullptr) {
      bounds.key_length = clamp(p.key_lengths[batch], 0, p.dense.key_length);
    }
    return bounds;
  }

 private:
  static NA_DEVICE i32 clamp(i32 x, i32 low, i32 high) { return min_of(max_of(x, low), high); }

  // Lengths from the device are not to be trusted: nothing outside the tensors may be touched.
  static NA_DEVICE void cut(const i32* starts, i32 batch, i32 tokens, i32& begin, i32& length) {
    begin = clamp(starts[batch], 0, tokens);
    length = min_of(clamp(starts[batch + 1], begin, tokens) - begin, length);
  }
};

struct ModifiedProblem : SequenceProblem<ModifiedProblem> {
  using Params = DenseModifiedParams;
  static constexpr bool kModified = true;
  static constexpr bool kHasBias = false;  // added after masking

  SequenceBounds sequence;
  i32 shift;  // from the diagonals of the parameters to those of this sequence

  template <u32 kBlockM>
  static NA_DEVICE ModifiedProblem of_block(const Params& p) {
    const BlockTile tile = BlockTile::of_block<kBlockM>(p.dense);
    ModifiedProblem problem;
    problem.batch = tile.batch;
    problem.query_head = tile.query_head;
    problem.key_head = tile.query_head / (p.dense.query_heads / p.dense.key_value_heads);
    problem.value_head = tile.query_head / (p.dense.query_heads / p.value_heads);
    problem.first_query = tile.first_query;
    problem.sequence = SequenceBounds::of(p, tile.batch);
    problem.query_count = min_of<i32>(kBlockM, problem.sequence.query_length - tile.first_query);
    problem.shift = (p.flags & kDenseDiagonalFollowsLengths) != 0
                        ? problem.sequence.key_length - problem.sequence.query_length
                        : 0;
    return problem;
  }

  NA_DEVICE bool has_queries() const { return query_count > 0; }

  static NA_DEVICE const DenseForwardParams& operands(const Params& p) { return p.dense; }

  static NA_DEVICE bool has_bias(const Params&) { return false; }

  NA_DEVICE i32 query_length(const Params&) const { return sequence.query_length; }

  NA_DEVICE i32 key_length(const Params&) const { return sequence.key_length; }

  NA_DEVICE i64 query_token(i32 query) const { return static_cast<i64>(sequence.query_begin) + query; }

  NA_DEVICE i64 key_token(i32 key) const { return static_cast<i64>(sequence.key_begin) + key; }

  NA_DEVICE PrefixedKeys visible_keys(const Params& p, i32 query) const {
    return visibility(p).of_query(query, sequence.key_length);
  }

  template <u32 kBlockN>
  NA_DEVICE KeyTileWalk key_tiles(const Params& p) const {
    return key_tile_walk<kBlockN>(visibility(p), first_query, first_query + query_count - 1, sequence.key_length);
  }

  NA_DEVICE f32* lse_row(const Params& p, i32 query) const {
    return p.dense.lse + batch * p.lse_batch_stride + query_head * p.lse_head_stride + query_token(query);
  }

  // Entry of an operand that has one value for each head, each query or each key: at batch, head and row given.
  NA_DEVICE f32 entry(const OperandRef& operand, i32 head, i64 query, i64 key) const {
    return static_cast<const f32*>(operand.data)[batch * operand.batch_stride + head * operand.head_stride +
                                                 query * operand.query_stride + key * operand.key_stride];
  }

  // The row's extra logit in base-2 units; -inf when there is none.
  NA_DEVICE f32 sink(const Params& p) const {
    return p.sinks.data == nullptr ? -infinity() : entry(p.sinks, query_head, 0, 0) * kLog2E;
  }

  NA_DEVICE f32 gate(const Params& p, i32 query) const {
    return p.head_gate.data == nullptr ? 1.0f : entry(p.head_gate, query_head, query_token(query), 0);
  }

  // The key that stands beside a query.
  NA_DEVICE i32 diagonal_key(const Params& p, i32 query) const { return query + p.diagonal + shift; }

 private:
  NA_DEVICE PrefixedBand visibility(const Params& p) const {
    return {{p.dense.band_left + shift, p.dense.band_right + shift}, p.prefix_keys, p.prefix_right + shift};
  }
};

}  // namespace na
