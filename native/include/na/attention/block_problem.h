// What one block works on: a tile of queries of one head of one sequence.
//
// Blocks are numbered query tile fastest, then head, then batch; the last query tile comes first because under a
// causal mask it has the most keys to visit.
#pragma once

#include "na/attention/params.h"
#include "na/base/builtins.h"
#include "na/mask/band.h"
#include "na/schedule/tile_range.h"
#include "na/tile/tile_loader.h"

namespace na {

// Which tile: the coordinates of a block in the grid.
struct BlockTile {
  i32 batch;
  i32 query_head;
  i32 first_query;

  template <u32 kBlockM>
  static NA_DEVICE BlockTile of_block(const DenseForwardParams& p) {
    const u32 tiles = ceil_div<u32>(p.query_length, kBlockM);
    const u32 head_and_batch = block_index() / tiles;
    const u32 tile = tiles - 1 - block_index() % tiles;
    return {static_cast<i32>(head_and_batch / p.query_heads), static_cast<i32>(head_and_batch % p.query_heads),
            static_cast<i32>(tile * kBlockM)};
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

// What problems on sequences have in common: queries and keys are numbers, and lie one behind the other. `Self` adds
// where a sequence begins, and who sees whom.
template <class Self>
struct SequenceProblem {
  i32 batch;
  i32 query_head;
  i32 key_head;
  i32 value_head;
  i32 first_query;
  i32 query_count;  // at most kBlockM; below 1 when the sequence has no query here

  // The first key of a tile.
  template <class Loader>
  struct Places {
    i32 first_key;
    i32 keys;  // from there to the end of the sequence
  };

  template <class Loader, class Params, class Tiles>
  NA_DEVICE Places<Loader> places(const Params& p, const Tiles&, i32 tile, u32) const {
    const i32 first_key = tile * static_cast<i32>(Loader::kRowCount);
    return {first_key, self().key_length(p) - first_key};
  }

  template <class Element, class Loader, class Params>
  NA_DEVICE RowSource<Element> query_rows(const Params& p, u32) const {
    const DenseForwardParams& dense = Self::operands(p);
    return rows<Element>(dense.query, query_head, self().query_token(first_query), query_count, dense.head_dim);
  }

  template <class Element, class Params, class Keys>
  NA_DEVICE RowSource<Element> key_rows(const Params& p, const Keys& keys) const {
    const DenseForwardParams& dense = Self::operands(p);
    return rows<Element>(dense.key, key_head, self().key_token(keys.first_key), keys.keys, dense.head_dim);
  }

  template <class Element, class Params, class Keys>
  NA_DEVICE RowSource<Element> value_rows(const Params& p, const Keys& keys) const {
    const DenseForwardParams& dense = Self::operands(p);
    return rows<Element>(dense.value, value_head, self().key_token(keys.first_key), keys.keys, dense.value_head_dim);
  }

  template <class Params>
  NA_DEVICE i32 query(const Params&, u32 row) const {
    return first_query + static_cast<i32>(row);
  }

  template <class Params>
  NA_DEVICE bool has_query(const Params& p, i32 query) const {
    return query < self().query_length(p);
  }

  template <class Element, class Params>
  NA_DEVICE const Element* query_row(const Params& p, i32 query) const {
    return row_pointer<Element>(Self::operands(p).query, batch, self().query_token(query), query_head);
  }

  template <class Element, class Params>
  NA_DEVICE const Element* key_row(const Params& p, i32 key) const {
    return row_pointer<Element>(Self::operands(p).key, batch, self().key_token(key), key_head);
  }

  template <class Element, class Params>
  NA_DEVICE const Element* value_row(const Params& p, i32 key) const {
    return row_pointer<Element>(Self::operands(p).value, batch, self().key_token(key), value_head);
  }

  template <class Params, class Visit>
  NA_DEVICE void for_each_key(const Params& p, i32 query, const Visit& visit) const {
    const auto keys = self().visible_keys(p, query);
    for (i32 key = keys.lowest(); key <= keys.highest(); ++key) {
      visit(key);
    }
  }

  template <class Element, class Params>
  NA_DEVICE Element* output_row(const Params& p, i32 query) const {
    return row_pointer<Element>(Self::operands(p).output, batch, self().query_token(query), query_head);
  }

  // Of the columns `first_column`, first_column + 1, and both plus multiples of 8 of a key tile.
  template <u32 kBlockN, class Params, class Tiles>
  NA_DEVICE auto visible_columns(const Params& p, i32 query, const Tiles&, i32 tile, u32 first_column) const {
    const i32 first_key = tile * static_cast<i32>(kBlockN) + static_cast<i32>(first_column);
    const auto columns = self().visible_keys(p, query).from(first_key);
    return VisibleColumns<decltype(columns)>{columns};
  }

 private:
  NA_DEVICE const Self& self() const { return static_cast<const Self&>(*this); }

  template <class Element>
  NA_DEVICE RowSource<Element> rows(const TensorRef& tensor, i32 head, i64 first_row, i32 count, i32 dim) const {
    return {row_pointer<Element>(tensor, batch, first_row, head), tensor.sequence_stride, static_cast<u32>(count),
            static_cast<u32>(dim)};
  }
};

// A problem of nothing but lengths, a band and a scale: all sequences alike, as many value heads as key heads.
struct BlockProblem : SequenceProblem<BlockProblem> {
  using Params = DenseForwardParams;
  static constexpr bool kModified = false;
  static constexpr bool kHasBias = false;  // added after masking

  template <u32 kBlockM>
  static NA_DEVICE BlockProblem of_block(const Params& p) {
    const BlockTile tile = BlockTile::of_block<kBlockM>(p);
    const i32 key_value_head = tile.query_head / (p.query_heads / p.key_value_heads);
    return {{tile.batch, tile.query_head, key_value_head, key_value_head, tile.first_query,
             min_of<i32>(kBlockM, p.query_length - tile.first_query)}};
  }

  static NA_DEVICE bool has_queries() { return true; }

  static NA_DEVICE const DenseForwardParams& operands(const Params& p) { return p; }

  static NA_DEVICE bool has_bias(const Params&) { return false; }

  static NA_DEVICE i32 query_length(const Params& p) { return p.query_length; }

  static NA_DEVICE i32 key_length(const Params& p) { return p.key_length; }

  // Places of a query and a key in their tensors.
  static NA_DEVICE i64 query_token(i32 query) { return query; }

  static NA_DEVICE i64 key_token(i32 key) { return key; }

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
