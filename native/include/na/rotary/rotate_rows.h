// Rotary position embedding (RoFormer, arXiv 2104.09864), a group of lanes a row.
//
// A pair (x, y) at an angle a becomes (x cos a - y sin a, y cos a + x sin a), in f32.
#pragma once

#include "na/op/thread/chunk.h"
#include "na/rotary/params.h"
#include "na/tile/row_groups.h"
#include "na/tile/tensor_row.h"

namespace na {

template <class Element, u32 kChunk, u32 kThreads>
class RotateRows {
 public:
  static NA_DEVICE void run(const RotaryParams& params) {
    const RowGroups groups = RowGroups::of_thread<kThreads>(static_cast<u32>(params.group_shift));
    const u64 heads = static_cast<u64>(params.query_heads) + params.key_heads;
    const u64 rows = heads * params.batch * params.length;
    for (u64 row = groups.first; row < rows; row += groups.step) {
      RotateRows(params, static_cast<u32>(row), static_cast<u32>(heads)).rotate(groups.lane, groups.lanes);
    }
  }

 private:
  const RotaryParams& params_;
  const Element* input_;
  Element* output_;
  u64 angle_;    // first of this row's angles in the caches
  bool inside_;  // whether they are there

  NA_DEVICE RotateRows(const RotaryParams& params, u32 index, u32 heads) : params_(params) {
    const u32 token = index / heads;
    TensorRow row{token / params.length, token % params.length, index % heads};
    const i64 position = position_of(row);
    inside_ = position >= 0 && position < params.cache_rows;
    angle_ = static_cast<u64>(row.batch * params.cache_batch_rows + position) * params.rotary_half;
    if (row.head < static_cast<u32>(params.query_heads)) {
      input_ = row.in<Element>(params.query);
      output_ = row.in<Element>(params.query_output);
    } else {
      row.head -= params.query_heads;
      input_ = row.in<Element>(params.key);
      output_ = row.in<Element>(params.key_output);
    }
  }

  NA_DEVICE i64 position_of(const TensorRow& row) const {
    i64 position = params_.offset + (params_.flags & kRotaryCounted ? row.sequence : 0u);
    if (params_.positions != nullptr) {
      const i64 at = row.batch * params_.position_batch_stride + row.sequence * params_.position_stride;
      position += params_.flags & kRotaryWidePositions ? static_cast<const i64*>(params_.positions)[at]
                                                       : static_cast<const i32*>(params_.positions)[at];
    }
    return position;
  }

  NA_DEVICE void rotate(u32 lane, u32 lanes) const {
    const u32 half = static_cast<u32>(params_.rotary_half);
    const bool interleaved = params_.flags & kRotaryInterleaved;
    NA_NO_UNROLL
    for (u32 u = lane * kChunk; u < half; u += lanes * kChunk) {
      rotate_pairs(u, interleaved ? 2 * u : u, interleaved ? 2 * u + kChunk : u + half, interleaved);
    }
    NA_NO_UNROLL
    for (u32 d = 2 * half + lane * kChunk; d < static_cast<u32>(params_.head_dim); d += lanes * kChunk) {
      f32 x[kChunk];
      thread::load_chunk(x, input_ + d);
      thread::store_chunk(output_ + d, x);
    }
  }

  // The pairs u..u + kChunk - 1, whose elements are two chunks, at d and at e.
  NA_DEVICE void rotate_pairs(u32 u, u32 d, u32 e, bool interleaved) const {
    f32 a[kChunk], b[kChunk], cosine[kChunk], sine[kChunk];
    thread::load_chunk(a, input_ + d);
    thread::load_chunk(b, input_ + e);
    load_angles(cosine, params_.cosines, u);
    load_angles(sine, params_.sines, u);
    if (kChunk > 1 && interleaved) {
      NA_UNROLL
      for (u32 i = 0; i < kChunk / 2; ++i) {
        rotate_pair(a[2 * i], a[2 * i + 1], cosine[i], sine[i]);
        rotate_pair(b[2 * i], b[2 * i + 1], cosine[kChunk / 2 + i], sine[kChunk / 2 + i]);
      }
    } else {
      NA_UNROLL
      for (u32 i = 0; i < kChunk; ++i) {
        rotate_pair(a[i], b[i], cosine[i], sine[i]);
      }
    }
    thread::store_chunk(output_ + d, a);
    thread::store_chunk(output_ + e, b);
  }

  NA_DEVICE void load_angles(f32 (&x)[kChunk], const f32* cache, u32 u) const {
    if (inside_) {
      thread::load_chunk(x, cache + angle_ + u);
      return;
    }
    NA_UNROLL
    for (u32 i = 0; i < kChunk; ++i) {
      x[i] = __builtin_nanf("");
    }
  }

  static NA_DEVICE void rotate_pair(f32& x, f32& y, f32 cosine, f32 sine) {
    const f32 rotated = x * cosine - y * sine;
    y = y * cosine + x * sine;
    x = rotated;
  }
};

}  // namespace na
