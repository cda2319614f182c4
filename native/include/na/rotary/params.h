// Parameters of family `rotary`; see na/base/tensor_ref.h for the rules of parameter structs.
#pragma once

#include "na/base/tensor_ref.h"

namespace na {

// Bits of RotaryParams::flags.
enum RotaryFlags : u32 {
  // Pairs are neighbours (2u, 2u + 1); otherwise they lie apart by half the rotary dim: (u, u + rotary_half).
  kRotaryInterleaved = 1u << 0,
  // All addresses, rows and halves of rows are multiples of 16 bytes: 16-byte accesses.
  kRotaryVectors = 1u << 1,
  // Positions are 64-bit integers instead of 32-bit ones.
  kRotaryWidePositions = 1u << 2,
  // Token t lies t positions behind what is given for its sequence.
  kRotaryCounted = 1u << 3,
};

// Rotary embedding of one tensor, or of two that share batch, length, head dim, caches and positions.
//
// Token t of sequence b has position offset + positions[b * position_batch_stride + t * position_stride] (a null
// pointer counts as 0), plus t if counted. Its angles are row b * cache_batch_rows + position of the caches. Rows
// with a position outside 0..cache_rows - 1 get NaN. An output may be the very memory of its input. Groups of
// 2^group_shift lanes stride over the rows.
struct RotaryParams {
  TensorRef query;                // [batch, length, query_heads, head_dim]
  TensorRef key;                  // [batch, length, key_heads, head_dim]
  MutableTensorRef query_output;  // as query
  MutableTensorRef key_output;    // as key
  const f32* cosines;             // [rows, rotary_half] dense
  const f32* sines;               // the same
  const void* positions;
  i64 position_batch_stride;
  i64 position_stride;
  i64 offset;
  i64 cache_batch_rows;
  i32 cache_rows;  // positions that there are
  i32 batch;
  i32 length;
  i32 query_heads;
  i32 key_heads;  // 0: no key
  i32 head_dim;
  i32 rotary_half;  // pairs of a row; what lies behind twice that is copied
  i32 group_shift;  // 0..5
  u32 flags;        // RotaryFlags
  u32 reserved;
};

static_assert(sizeof(RotaryParams) == 224, "layout is part of the launch contract");

}  // namespace na
