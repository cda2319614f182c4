// What one block works on: a tile of queries of one head of one sequence.
//
// Blocks are numbered query tile fastest, then head, then batch; the last query tile comes first because under a
// causal mask it has the most keys to visit.
#pragma once

#include "na/attention/params.h"
#include "na/base/builtins.h"
#include "na/mask/band.h"
#include "na/schedule/tile_range.h"

namespace na {

// Which tile: the coordinates of a block in the grid.
struct BlockTile {
  i32 batch;
  i32 query_head;
  i32 first_row;

  template <u32 kBlockM>
  static NA_DEVICE BlockTile of_block(const DenseForwardParams& p) {
    return of<kBlockM>(p, block_index(), ceil_div<u32>(p.query_length, kBlockM));
  }

  // Tile `index` of all, where a head has `tiles` tiles of kRows rows.
  template <u32 kRows>
  static NA_DEVICE BlockTile of(const DenseForwardParams& p, u32 index, u32 tiles) {
    const u32 head_and_batch = index / tiles;
    const u32 tile = tiles - 1 - index % tiles;
    return {static_cast<i32>(head_and_batch / p.query_heads), static_cast<i32>(head_and_batch % p.query_heads),
            static_cast<i32>(tile * kRows)};
  }
};

// Element 0 of a row of a tensor's head.
template <class Element>
NA_DEVICE const Element* row_pointer(const TensorRef& tensor, i32 batch, i64 row, i32 head) {
  return static_cast<const Element*>(tensor.data) + batch * tensor.batch_stride + row * tensor.sequence_stride +
         head * tensor.head_stride;
}

template <class Element>
NA_DEVICE Element* row_pointer(const MutableTensorRef& tensor, i32 batch, i64 row, i32 head) {
  return static_cast<Element*>(tensor.data) + batch * tensor.batch_stride + row * tensor.sequence_stride +
         head * tensor.head_stride;
}

// A problem of nothing but lengths, a band and a scale: all sequences alike, as many value heads as key heads.
struct BlockProblem {
  using Params = DenseForwardParams;
  static constexpr bool kModified = false;

  i32 batch;
  i32 query_head;
  i32 key_head;
  i32 value_head;
  i32 first_query;
  i32 query_count;  // 1..kBlockM

  template <u32 kBlockM>
  static NA_DEVICE BlockProblem of_block(const Params& p) {
    const BlockTile tile = BlockTile::of_block<kBlockM>(p);
    const i32 key_value_head = tile.query_head / (p.query_heads / p.key_value_heads);
    return {tile.batch,     tile.query_head, key_value_head,
            key_value_head, tile.first_row,  min_of<i32>(kBlockM, p.query_length - tile.first_row)};
  }

  static NA_DEVICE const DenseForwardParams& dense(const Params& p) { return p; }

  static NA_DEVICE i32 query_length(const Params& p) { return p.query_length; }

  static NA_DEVICE i32 key_length(const Params& p) { return p.key_length; }

  // Places of a query and a key in their tensors.
  static NA_DEVICE i64 query_row(i32 query) { return query; }

  static NA_DEVICE i64 key_row(i32 key) { return key; }

  static NA_DEVICE VisibleKeys visible_keys(const Params& p, i32 query) {
    return Band{p.band_left, p.band_right}.of_query(query, p.key_length);
  }

  template <u32 kBlockN>
  NA_DEVICE KeyTileRange key_tiles(const Params& p) const {
    return key_tile_range<kBlockN>({p.band_left, p.band_right}, first_query, first_query + query_count - 1,
                                   p.key_length);
  }

  // Where the LSE of a query of this head goes: [batch, query_heads, Sq].
  NA_DEVICE f32* lse_row(const Params& p, i32 query) const {
    return p.lse + (static_cast<i64>(batch) * p.query_heads + query_head) * p.query_length + query;
  }
};

}  // namespace na
