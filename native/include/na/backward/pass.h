// What the two passes of the backward read and write, and what a block of one works on.
#pragma once

#include "na/backward/box_loader.h"
#include "na/backward/map_block.h"

namespace na {

enum class Pass { kKeys, kQueries };

// Rows that a block owns and the columns that it visits, all of one batch index. `first` has the factors of the
// scores (query and key), `second` those of the output's gradient (output gradient and value).
template <Pass kPass, u32 kRows, u32 kColumns>
struct PassBlock {
  TokenBox rows;
  MapWalk walk;
  bool extra;  // the rows are extra keys
  i32 batch;
  i32 sample;  // of all batch indices
  i32 head;    // of the rows
  i32 line_first;
  i32 line_length;

  static NA_DEVICE PassBlock of_block(const BackwardParams& p) {
    const MapTiling& map = p.map;
    const u32 map_blocks = static_cast<u32>(map.tile_count) * static_cast<u32>(map.head_count) * static_cast<u32>(p.batch);
    if (kPass == Pass::kQueries || block_index() < map_blocks) {
      const MapBlock block = MapBlock::of(block_index(), map.tile_count, map);
      const TiledSection* section = section_of(map, block.tile);
      const TokenBox rows = rows_of(map, *section, block.tile);
      return {rows, MapWalk::of_rows(map, section, rows), false, block.batch, block.batch * p.samples + section->sample,
              block.head, 0, kPass == Pass::kQueries ? p.extra_keys : 0};
    }
    const MapBlock block = MapBlock::of(block_index() - map_blocks, p.extra_tiles, map);
    const i32 sample = block.batch % p.samples;
    const i32 first = p.sample_starts[sample];
    return {TokenBox::line<kRows>(0, block.tile * static_cast<i32>(kRows), p.extra_keys), MapWalk::none(map), true,
            block.batch / p.samples, block.batch, block.head, first, p.sample_starts[sample + 1] - first};
  }

  // Heads that are added up: those of the other side.
  static NA_DEVICE i32 heads(const BackwardParams& p) { return kPass == Pass::kKeys ? p.head_group : 1; }

  // Visits of one head.
  NA_DEVICE i32 visits() const {
    return walk.boxes() + (line_length + static_cast<i32>(kColumns) - 1) / static_cast<i32>(kColumns);
  }

  NA_DEVICE Visit visit(i32 number) const {
    const i32 of_head = visits();
    const i32 index = number % of_head;
    const i32 boxes = walk.boxes();
    if (index < boxes) {
      const MapExtents begin = walk.begin_of(index);
      return {number / of_head, true, walk.is_full(begin), walk.columns(begin)};
    }
    const i32 begin = (index - boxes) * static_cast<i32>(kColumns);
    return {number / of_head, false, begin + static_cast<i32>(kColumns) <= line_length,
            TokenBox::line<kColumns>(line_first, begin, line_length)};
  }

  NA_DEVICE i32 query_head(const BackwardParams& p, i32 of_group) const {
    return kPass == Pass::kKeys ? head * p.head_group + of_group : head;
  }

  NA_DEVICE i32 key_head(const BackwardParams& p) const {
    return kPass == Pass::kKeys ? head : head / p.head_group;
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> queries(const BackwardParams& p, i32 of_group) const {
    return head_rows<Element>(p.query, batch, query_head(p, of_group), p.head_dim);
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> output_gradients(const BackwardParams& p, i32 of_group) const {
    return head_rows<Element>(p.output_gradient, batch, query_head(p, of_group), p.value_head_dim);
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> keys(const BackwardParams& p, bool of_extra) const {
    return of_extra ? head_rows<Element>(p.extra_key, sample, key_head(p), p.head_dim)
                    : head_rows<Element>(p.key, batch, key_head(p), p.head_dim);
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> values(const BackwardParams& p, bool of_extra) const {
    return of_extra ? head_rows<Element>(p.extra_value, sample, key_head(p), p.value_head_dim)
                    : head_rows<Element>(p.value, batch, key_head(p), p.value_head_dim);
  }

  NA_DEVICE const RowStatistics* statistics(const BackwardParams& p, i32 of_group) const {
    return p.statistics + (static_cast<i64>(batch) * p.query_heads + query_head(p, of_group)) * p.query_tokens;
  }

  NA_DEVICE const f32* bias(const BackwardParams& p, i32 of_group) const {
    return p.bias + query_head(p, of_group) * p.bias_head_stride;
  }

  // The entry of the bias for a row and a column that see each other.
  static NA_DEVICE i32 bias_entry_of(const BackwardParams& p, const MapExtents& row, const MapExtents& column) {
    return kPass == Pass::kKeys ? bias_entry(p.bias_windows, row, column) : bias_entry(p.bias_windows, column, row);
  }

  // Where the row of a token of the gradient `first` goes: of the key or of the query.
  template <class Element>
  NA_DEVICE Element* first_gradient(const BackwardParams& p, i32 token) const {
    if constexpr (kPass == Pass::kQueries) {
      return row_pointer<Element>(p.query_gradient, batch, token, head);
    } else {
      return extra ? row_pointer<Element>(p.extra_key_gradient, sample, token, head)
                   : row_pointer<Element>(p.key_gradient, batch, token, head);
    }
  }

  // And of the value's.
  template <class Element>
  NA_DEVICE Element* second_gradient(const BackwardParams& p, i32 token) const {
    return extra ? row_pointer<Element>(p.extra_value_gradient, sample, token, head)
                 : row_pointer<Element>(p.value_gradient, batch, token, head);
  }

 private:
  template <class Element>
  static NA_DEVICE HeadRows<Element> head_rows(const TensorRef& tensor, i32 batch, i32 head, i32 dim) {
    return {row_pointer<Element>(tensor, batch, 0, head), tensor.sequence_stride, static_cast<u32>(dim)};
  }
};

}  // namespace na
