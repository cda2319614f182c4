// Parameters of family `merge`; see na/base/tensor_ref.h for the rules of parameter structs.
#pragma once

#include "na/base/tensor_ref.h"

namespace na {

// Bits of MergeParams::flags.
enum MergeFlags : u32 {
  // The partial outputs are f32, whatever the element type of the output.
  kMergeWideParts = 1u << 0,
  // Base address, strides and row bytes of all parts and of the output are multiples of 16: 16-byte accesses.
  kMergeVectors = 1u << 1,
};

// Merge of partial attention results over disjoint sets of keys.
//
// Part 0 is `first`; part k > 0 lies (k - 1) * rest_stride elements (rest_lse_stride for the log-sum-exps) behind
// `rest`. The output may be the very memory of part 0, and lse that of first_lse; otherwise what is written lies
// apart from what is read. A group of 2^group_shift lanes works on a row; any grid is right, since groups stride over
// rows.
struct MergeParams {
  TensorRef first;          // [batch, length, heads, dim]
  TensorRef rest;           // the same
  MutableTensorRef output;  // the same
  const f32* first_lse;     // [batch, heads, length] dense, natural log
  const f32* rest_lse;      // the same
  f32* lse;                 // the same; null when not wanted
  i64 rest_stride;
  i64 rest_lse_stride;
  i32 parts;  // 1 or more
  i32 batch;
  i32 length;
  i32 heads;
  i32 dim;
  i32 group_shift;  // 0..5
  u32 flags;        // MergeFlags
  u32 reserved;
};

static_assert(sizeof(MergeParams) == 168, "layout is part of the launch contract");

}  // namespace na
