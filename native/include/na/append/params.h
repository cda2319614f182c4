// Parameters of family `append`; see na/base/tensor_ref.h for the rules of parameter structs.
#pragma once

#include "na/base/tensor_ref.h"

namespace na {

// Bits of AppendParams::flags.
enum AppendFlags : u32 {
  // All addresses and rows are multiples of 16 bytes: 16-byte accesses.
  kAppendVectors = 1u << 0,
};

// Tokens that go into a cache. With no tokens it does nothing.
struct AppendPart {
  TensorRef source;        // [batch, length, heads, dim]
  MutableTensorRef cache;  // [batch, capacity, heads, dim]
  i32 length;
  i32 heads;
  i32 dim;
  i32 capacity;
  i32 start;  // where the first token goes, beside the sequence's position
  i32 reserved;
};

// Copies tokens of two tensors, such as keys and values, into two caches, or into two places of one.
//
// Token t of sequence b becomes token positions[b * position_stride] + start + t of the cache (a null pointer counts
// as 0); what would lie outside 0..capacity - 1 is not written. Positions are read here, so that a captured graph
// replays with those of the moment. Groups of 2^group_shift lanes stride over the rows.
struct AppendParams {
  AppendPart first;
  AppendPart second;
  const i32* positions;
  i64 position_stride;
  i32 batch;
  i32 group_shift;  // 0..5
  u32 flags;        // AppendFlags
  u32 reserved;
};

static_assert(sizeof(AppendPart) == 88, "layout is part of the launch contract");
static_assert(sizeof(AppendParams) == 208, "layout is part of the launch contract");

}  // namespace na
