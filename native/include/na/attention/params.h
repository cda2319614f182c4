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

}  // namespace na
