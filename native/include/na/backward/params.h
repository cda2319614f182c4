// Parameters of families `backward`, `delta` and `bias_gradient`; see na/base/tensor_ref.h for the rules of parameter
// structs.
//
// P = exp(s - LSE) on pairs that see each other and 0 elsewhere; dP = dO V^T; dS = P (dP - delta) with
// delta = dO . O - gradient of the LSE; dV = P^T dO, dK = scale dS^T Q, dQ = scale dS K, dBias = sum of dS over the
// pairs of one offset. Dense attention is a map of one line.
#pragma once

#include "na/neighborhood/params.h"

namespace na {

// What the gradient of one query row needs of the row itself.
struct RowStatistics {
  f32 lse;  // in base-2 units; infinite for a row that sees nothing, so that its probabilities are 0
  f32 delta;
};

// Fills the statistics of all rows, [batch, query_heads, query_tokens]. Any grid: threads stride over rows.
struct DeltaParams {
  TensorRef output;           // [batch, query tokens, query heads, value_head_dim]
  TensorRef output_gradient;  // the same
  const f32* lse;             // natural log
  const f32* lse_gradient;    // laid out as lse; null for 0
  RowStatistics* statistics;
  i64 lse_batch_stride;
  i64 lse_token_stride;
  i64 lse_head_stride;
  i32 batch;
  i32 query_tokens;
  i32 query_heads;
  i32 value_head_dim;
  i32 group_shift;  // a group of 2^group_shift lanes works on a row; 0..5
  u32 flags;        // DenseFlags: vector loads of output and its gradient
};

// One pass of the backward, or the gradient of the bias.
//
// Pass `keys` owns tiles of keys (rows of the map) and visits queries (columns); the map's heads are key/value heads.
// Grid: map.tile_count * map.head_count * batch blocks, tile fastest, then head, then batch; behind them
// extra_tiles * map.head_count * batch * samples blocks, numbered alike, own the extra keys, which all queries of
// their sample see. Pass `queries` owns queries and visits keys, then the extra keys; the map's heads are query
// heads. Grid: map.tile_count * map.head_count * batch blocks. The gradient of the bias takes the map of pass
// `queries`. Grid: map.head_count * offsets blocks, offset fastest.
struct BackwardParams {
  TensorRef query;                  // [batch, query tokens, query heads, head_dim]
  TensorRef key;                    // [batch, key tokens, key/value heads, head_dim]
  TensorRef value;                  // [batch, key tokens, key/value heads, value_head_dim]
  TensorRef output_gradient;        // [batch, query tokens, query heads, value_head_dim]
  TensorRef extra_key;              // [samples of all batch indices, extra_keys, key/value heads, head_dim]
  TensorRef extra_value;            // [samples of all batch indices, extra_keys, key/value heads, value_head_dim]
  MutableTensorRef query_gradient;  // as query, and so on
  MutableTensorRef key_gradient;
  MutableTensorRef value_gradient;
  MutableTensorRef extra_key_gradient;
  MutableTensorRef extra_value_gradient;
  MapTiling map;                    // of this pass
  const RowStatistics* statistics;  // [batch, query_heads, query_tokens]
  const i32* sample_starts;         // [samples + 1]: query tokens of sample s are [starts[s], starts[s + 1])
  const f32* bias;                  // natural units, index key - query + w - 1; or null
  f32* bias_gradient;               // as bias
  i64 bias_head_stride;
  MapExtents bias_windows;  // w
  i32 batch;
  i32 samples;  // of one batch index
  i32 query_tokens;
  i32 query_heads;
  i32 head_group;  // query heads of one key/value head
  i32 head_dim;
  i32 value_head_dim;
  i32 extra_keys;
  i32 extra_tiles;  // tiles of extra keys of one sample
  f32 scale;        // factor on every product, natural units; any finite value
  u32 flags;        // DenseFlags; loads of all that is read, stores of all gradients
};

static_assert(sizeof(RowStatistics) == 8, "the workspace is sized by the host");
static_assert(sizeof(DeltaParams) == 136, "layout is part of the launch contract");
static_assert(sizeof(BackwardParams) == 512, "layout is part of the launch contract");
static_assert(sizeof(BackwardParams) <= 4096, "kernel parameters are limited to 4,096 bytes");

}  // namespace na
