// Parameters of family `dense`; see na/base/tensor_ref.h for the rules of parameter structs.
#pragma once

#include "na/base/tensor_ref.h"

namespace na {

// Bits of DenseForwardParams::flags.
enum DenseFlags : u32 {
  // Base address, strides and row bytes of query, key and value are multiples of 16: 16-byte copies are allowed.
  kDenseVectorLoads = 1u << 0,
  // Base address, strides and row bytes of output are multiples of one pair of elements: pairs are stored at once.
  kDensePairStores = 1u << 1,
};

// Forward attention of family `dense`.
//
// Query i of length Sq sees key j of length Sk iff i + band_left <= j <= i + band_right. Sums are 64-bit, so a
// diagonal clamped to the range of i32 means no bound. Grid: x = ceil(Sq / block_m) * query_heads * batch blocks,
// query tile fastest, then head, then batch.
struct DenseForwardParams {
  TensorRef query;          // [batch, Sq, query_heads, head_dim]
  TensorRef key;            // [batch, Sk, key_value_heads, head_dim]
  TensorRef value;          // [batch, Sk, key_value_heads, value_head_dim]
  MutableTensorRef output;  // [batch, Sq, query_heads, value_head_dim]
  f32* lse;                 // [batch, query_heads, Sq] dense, natural log; null when not wanted
  i32 batch;
  i32 query_length;
  i32 key_length;
  i32 query_heads;
  i32 key_value_heads;
  i32 head_dim;
  i32 value_head_dim;
  i32 band_left;
  i32 band_right;
  f32 scale;  // factor on every score, natural units; any finite value
  u32 flags;  // DenseFlags
  u32 reserved;
};

static_assert(sizeof(DenseForwardParams) == 184, "layout is part of the launch contract");
static_assert(sizeof(DenseForwardParams) <= 4096, "kernel parameters are limited to 4,096 bytes");

// Bits of DenseModifiedParams::flags.
enum DenseModifierFlags : u32 {
  // Diagonal, band and prefix bound are relative to Sk - Sq of each sequence, whose lengths the device knows.
  kDenseDiagonalFollowsLengths = 1u << 0,
  // The bias is f32, whatever the element type.
  kDenseFloatBias = 1u << 1,
};

// Forward attention of family `dense` with everything that changes scores, lengths or output: what the entries
// `..._mod_...` take. Terms are in natural-log units and act in this order:
//
//   s = scale * query_temperature * q.k;  s = soft_cap * tanh(s / soft_cap);  s += bias;  s += key_log_weight;
//   s -= alibi_slope * |i + diagonal - j|;  masks;  sink is one more logit of the row;  output *= head_gate.
//
// Query i sees key j iff the boolean mask is not 0 there and j lies in the band or, as one of the first prefix_keys,
// has j <= i + prefix_right. A sequence has the first key_lengths[b] of Sk keys; packed ones have the queries
// [query_starts[b], query_starts[b + 1]) of all tokens, at most Sq, and keys likewise. Lengths that do not fit are
// clamped. Temperature, gate and key_log_weight are then indexed by token.
struct DenseModifiedParams {
  DenseForwardParams dense;      // key_value_heads are those of the key; the lengths are the longest
  OperandRef bias;               // f32 or elements; -inf hides a key
  OperandRef mask;               // bytes
  OperandRef alibi_slopes;       // f32, [batch, query_heads]
  OperandRef sinks;              // f32, [query_heads]
  OperandRef query_temperature;  // f32, [batch, query_heads, queries]
  OperandRef key_log_weight;     // f32, [batch, key heads, keys]
  OperandRef head_gate;          // f32, [batch, query_heads, queries]
  const i32* key_lengths;        // [batch], or null: all have Sk
  const i32* query_starts;       // [batch + 1], or null: not packed
  const i32* key_starts;         // [batch + 1], null when query_starts is
  i64 lse_batch_stride;
  i64 lse_head_stride;
  i32 value_heads;
  i32 diagonal;      // query i stands beside key i + diagonal
  i32 prefix_keys;   // 0: no prefix
  i32 prefix_right;  // a diagonal, as the band's
  i32 query_tokens;  // of all packed sequences
  i32 key_tokens;
  f32 soft_cap;  // 0: none
  u32 flags;     // DenseModifierFlags
};

static_assert(sizeof(DenseModifiedParams) == 536, "layout is part of the launch contract");
static_assert(sizeof(DenseModifiedParams) <= 4096, "kernel parameters are limited to 4,096 bytes");

}  // namespace na
