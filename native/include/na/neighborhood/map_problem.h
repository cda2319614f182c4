// What one block works on when queries and keys lie on maps: as BlockProblem. Keys that every query sees besides, the
// extra ones, are a line of tokens in tensors of their own.
#pragma once

#include "na/attention/block_problem.h"
#include "na/math/exp2.h"
#include "na/neighborhood/map_columns.h"
#include "na/op/thread/load.h"

namespace na {

struct MapProblem {
  using Params = NeighborhoodParams;
  static constexpr bool kModified = false;
  static constexpr bool kHasBias = true;

  MapBlock block;
  i32 key_value_head;
  i32 sample;  // index of the extra keys; the batch index is that of the map

  template <u32>
  static NA_DEVICE MapProblem of_block(const Params& p) {
    const MapBlock block = MapBlock::of_block(p.map);
    return {block, block.head / p.head_group, block.batch + block.section->sample};
  }

  static NA_DEVICE bool has_queries() { return true; }

  static NA_DEVICE const Params& operands(const Params& p) { return p; }

  static NA_DEVICE bool has_bias(const Params& p) { return p.bias != nullptr; }

  template <u32>
  NA_DEVICE MapWalk key_tiles(const Params& p) const {
    return MapWalk::of(p.map, block, p.extra_keys);
  }

  // The keys of a tile, and the tokens of a thread's rows among them.
  template <class Loader_>
  struct Places {
    using Loader = Loader_;

    MapRegion region;
    i32 is_extra;
    i32 tokens[Loader::kSteps];
  };

  template <class Loader>
  NA_DEVICE Places<Loader> places(const Params& p, const MapWalk& tiles, const MapTile& tile, u32 thread) const {
    const MapRegion of_map{tiles.box, tile.first, tiles.end, block.section->columns, block.section->column_steps};
    const MapExtents end{1, 1, p.extra_keys};
    const MapRegion of_extra{tiles.box_of(tile), tile.first, end, end, {0, 0, 0, 1}};
    Places<Loader> places{tile.is_extra != 0 ? of_extra : of_map, tile.is_extra, {}};
    find_tokens<Loader>(places.tokens, places.region, thread);
    return places;
  }

  template <class Element, class Loader>
  NA_DEVICE TokenRows<Element, Loader> query_rows(const Params& p, u32 thread) const {
    const TiledSection& section = *block.section;
    TokenRows<Element, Loader> rows{row_pointer<Element>(p.query, block.batch, 0, block.head),
                                    p.query.sequence_stride,
                                    static_cast<u32>(p.head_dim),
                                    {p.map.row_box, block.first, section.rows, section.rows, section.row_steps},
                                    {}};
    find_tokens<Loader>(rows.tokens, rows.region, thread);
    return rows;
  }

  template <class Element, class Keys>
  NA_DEVICE auto key_rows(const Params& p, const Keys& keys) const {
    return rows_of<Element>(choose(keys.is_extra != 0, p.extra_key, p.key), p.head_dim, keys);
  }

  template <class Element, class Keys>
  NA_DEVICE auto value_rows(const Params& p, const Keys& keys) const {
    return rows_of<Element>(choose(keys.is_extra != 0, p.extra_value, p.value), p.value_head_dim, keys);
  }

  NA_DEVICE MapExtents query(const Params& p, u32 row) const {
    return coordinates_of(p.map.row_box, block.first, row);
  }

  NA_DEVICE bool has_query(const Params&, const MapExtents& query) const {
    return all_below(query, block.section->rows);
  }

  // One key that a query sees: its token, and where along the axes.
  struct Key {
    i32 token;
    i32 is_extra;
    MapExtents at;
  };

  template <class Visit>
  NA_DEVICE void for_each_key(const Params& p, const MapExtents& query, const Visit& visit) const {
    const TiledSection& section = *block.section;
    const MapInterval z = interval_of(p.map, section.tables.z, query.z);
    const MapInterval y = interval_of(p.map, section.tables.y, query.y);
    const MapInterval x = interval_of(p.map, section.tables.x, query.x);
    const MapRegion region{p.map.column_box, {0, 0, 0}, {z.end, y.end, x.end}, section.columns, section.column_steps};
    // One loop: two would be two copies of the body.
    Key key{0, all_below({z.begin, y.begin, x.begin}, region.end) ? 0 : 1, {z.begin, y.begin, x.begin}};
    key.at.x = key.is_extra != 0 ? 0 : key.at.x;
    NA_NO_UNROLL
    while (key.is_extra == 0 || key.at.x < p.extra_keys) {
      key.token = key.is_extra != 0 ? key.at.x : region.token_at(key.at);
      if (key.is_extra != 0 || p.map.most_distance < 0 || squared_distance(query, key.at) <= p.map.most_distance) {
        visit(key);
      }
      if (++key.at.x == x.end && key.is_extra == 0) {
        key.at.x = x.begin;
        if (++key.at.y == y.end) {
          key.at.y = y.begin;
          if (++key.at.z == z.end) {
            key.is_extra = 1;
            key.at.x = 0;
          }
        }
      }
    }
  }

  template <class Element>
  NA_DEVICE const Element* query_row(const Params& p, const MapExtents& query) const {
    return row_pointer<Element>(p.query, block.batch, token_of(query), block.head);
  }

  template <class Element>
  NA_DEVICE const Element* key_row(const Params& p, const Key& key) const {
    return row_of_key<Element>(choose(key.is_extra != 0, p.extra_key, p.key), key);
  }

  template <class Element>
  NA_DEVICE const Element* value_row(const Params& p, const Key& key) const {
    return row_of_key<Element>(choose(key.is_extra != 0, p.extra_value, p.value), key);
  }

  NA_DEVICE f32 bias(const Params& p, const MapExtents& query, const Key& key) const {
    const bool has = p.bias != nullptr && key.is_extra == 0;
    return thread::load_if(p.bias + block.head * p.bias_head_stride + bias_entry(p.bias_windows, query, key.at), has);
  }

  template <class Element>
  NA_DEVICE Element* output_row(const Params& p, const MapExtents& query) const {
    return row_pointer<Element>(p.output, block.batch, token_of(query), block.head);
  }

  NA_DEVICE f32* lse_row(const Params& p, const MapExtents& query) const {
    return p.lse + block.batch * p.lse_batch_stride + token_of(query) * p.lse_token_stride +
           block.head * p.lse_head_stride;
  }

  // Of the columns `first_column`, first_column + 1, and both plus multiples of 8 of a key tile.
  template <u32>
  NA_DEVICE MapColumns visible_columns(const Params& p, const MapExtents& query, const MapWalk& tiles,
                                       const MapTile& tile, u32 first_column) const {
    return MapColumns::of(p.map, *block.section, query, tiles, tile, first_column);
  }

  // scores[n][first], scores[n][first + 1]: columns first_column + 8 n and the next one. Hidden ones are -inf
  // already, and their bias is not read.
  template <u32 kKeyTiles>
  NA_DEVICE void add_bias(f32 (&scores)[kKeyTiles][4], u32 first, const Params& p, const MapExtents& query,
                          const MapTile& tile, u32 first_column) const {
    if (tile.is_extra != 0) {
      return;
    }
    const MapExtents q = existing_row(*block.section, query);
    const f32* bias = p.bias + block.head * p.bias_head_stride;
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      const MapExtents key = coordinates_of(p.map.column_box, tile.first, 8 * n);
      const i32 entry = bias_entry(p.bias_windows, q, key) + static_cast<i32>(first_column);
      NA_UNROLL
      for (u32 i = 0; i < 2; ++i) {
        f32& score = scores[n][first + i];
        score = __builtin_fmaf(thread::load_if(bias + entry + i, score > -infinity()), kLog2E, score);
      }
    }
  }

 private:
  template <class Loader>
  static NA_DEVICE void find_tokens(i32 (&tokens)[Loader::kSteps], const MapRegion& region, u32 thread) {
    NA_UNROLL
    for (u32 step = 0; step < Loader::kSteps; ++step) {
      tokens[step] = region.token_of(Loader::row_of(thread, step));
    }
  }

  static NA_DEVICE TensorRef choose(bool first, const TensorRef& a, const TensorRef& b) {
    return {choose_value(first, a.data, b.data), choose_value(first, a.batch_stride, b.batch_stride),
            choose_value(first, a.sequence_stride, b.sequence_stride),
            choose_value(first, a.head_stride, b.head_stride)};
  }

  template <class Element, class Keys>
  NA_DEVICE auto rows_of(const TensorRef& tensor, i32 dim, const Keys& keys) const {
    TokenRows<Element, typename Keys::Loader> rows{
        row_pointer<Element>(tensor, sample_or_batch(keys.is_extra), 0, key_value_head),
        tensor.sequence_stride,
        static_cast<u32>(dim),
        keys.region,
        {}};
    NA_UNROLL
    for (u32 step = 0; step < Keys::Loader::kSteps; ++step) {
      rows.tokens[step] = keys.tokens[step];
    }
    return rows;
  }

  template <class Element>
  NA_DEVICE const Element* row_of_key(const TensorRef& tensor, const Key& key) const {
    return row_pointer<Element>(tensor, sample_or_batch(key.is_extra), key.token, key_value_head);
  }

  NA_DEVICE i32 sample_or_batch(i32 is_extra) const { return is_extra != 0 ? sample : block.batch; }

  NA_DEVICE i64 token_of(const MapExtents& query) const {
    const MapSteps& steps = block.section->row_steps;
    return steps.origin + query.z * steps.z + query.y * steps.y + query.x * steps.x;
  }
};

}  // namespace na
