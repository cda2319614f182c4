// What one block of a pass of the backward owns and visits, and where that lies.
#pragma once

#include "na/attention/block_problem.h"
#include "na/backward/params.h"
#include "na/neighborhood/map_columns.h"

namespace na {

enum class Pass { kKeys, kQueries };

// The rows of one head of a tensor: `data` points at element 0 of token 0.
template <class Element>
struct HeadRows {
  const Element* data;
  i64 token_stride;
  u32 dim;

  static NA_DEVICE HeadRows of(const TensorRef& tensor, i32 batch, i32 head, i32 dim) {
    return {row_pointer<Element>(tensor, batch, 0, head), tensor.sequence_stride, static_cast<u32>(dim)};
  }

  NA_DEVICE const Element* at(i64 token) const { return data + token * token_stride; }
};

// A tile of columns of one of the heads that a block adds up.
struct Visit {
  i32 head;  // counted within the group
  MapTile tile;
};

// A block owns a tile of rows of a map or of extra keys. It visits the tiles of columns that its rows see, and then
// those of a line of tokens that all its rows see: pass `queries` visits the extra keys there; the extra keys, which
// pass `keys` owns, see nothing but the line of all queries of their sample.
template <Pass kPass, u32 kRows, u32 kColumns>
struct PassBlock {
  MapBlock place;
  MapWalk walk;
  MapRegion rows;
  i32 owns_extra;
  i32 sample;  // of all batch indices
  i32 line_first;

  static NA_DEVICE PassBlock of_block(const BackwardParams& p) {
    const u32 map_blocks =
        static_cast<u32>(p.map.tile_count) * static_cast<u32>(p.map.head_count) * static_cast<u32>(p.batch);
    return kPass == Pass::kQueries || block_index() < map_blocks ? of_map(p)
                                                                 : of_extra(p, block_index() - map_blocks);
  }

  // Heads that are added up: those of the other side.
  static NA_DEVICE i32 heads(const BackwardParams& p) { return kPass == Pass::kKeys ? p.head_group : 1; }

  // A first tile outside a circle is visited in vain: one tile a head, and no second copy of the search.
  NA_DEVICE Visit first() const { return {0, walk.start()}; }

  NA_DEVICE Visit after(const Visit& visit) const {
    const MapTile next = walk.after(visit.tile);
    return walk.has(next) ? Visit{visit.head, next} : Visit{visit.head + 1, walk.start()};
  }

  NA_DEVICE bool has(const BackwardParams& p, const Visit& visit) const {
    return visit.head < heads(p) && walk.has(visit.tile);
  }

  NA_DEVICE MapExtents row(u32 index) const { return coordinates_of(rows.box, rows.first, index); }

  // The columns of a tile.
  NA_DEVICE MapRegion columns(const MapTile& tile) const {
    const MapRegion of_map{walk.box, tile.first, walk.end, place.section->columns, place.section->column_steps};
    return tile.is_extra != 0 ? line(line_first, tile.first.x, walk.extra_columns) : of_map;
  }

  // Those of `first_column`, the next one, and both plus multiples of 8 that a row sees.
  NA_DEVICE MapColumns visible_columns(const BackwardParams& p, const MapExtents& row, const MapTile& tile,
                                       u32 first_column) const {
    return MapColumns::of(p.map, *place.section, row, walk, tile, first_column);
  }

  NA_DEVICE i32 query_head(const BackwardParams& p, i32 of_group) const {
    return kPass == Pass::kKeys ? place.head * p.head_group + of_group : place.head;
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> queries(const BackwardParams& p, i32 of_group) const {
    return HeadRows<Element>::of(p.query, place.batch, query_head(p, of_group), p.head_dim);
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> output_gradients(const BackwardParams& p, i32 of_group) const {
    return HeadRows<Element>::of(p.output_gradient, place.batch, query_head(p, of_group), p.value_head_dim);
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> keys(const BackwardParams& p, bool extra) const {
    return extra ? HeadRows<Element>::of(p.extra_key, sample, key_head(p), p.head_dim)
                 : HeadRows<Element>::of(p.key, place.batch, key_head(p), p.head_dim);
  }

  template <class Element>
  NA_DEVICE HeadRows<Element> values(const BackwardParams& p, bool extra) const {
    return extra ? HeadRows<Element>::of(p.extra_value, sample, key_head(p), p.value_head_dim)
                 : HeadRows<Element>::of(p.value, place.batch, key_head(p), p.value_head_dim);
  }

  NA_DEVICE const RowStatistics* statistics(const BackwardParams& p, i32 of_group) const {
    return p.statistics + (static_cast<i64>(place.batch) * p.query_heads + query_head(p, of_group)) * p.query_tokens;
  }

  NA_DEVICE const f32* bias(const BackwardParams& p, i32 of_group) const {
    return p.bias + query_head(p, of_group) * p.bias_head_stride;
  }

  // The entry of the bias for a row and a column, and how far it is to that of the next column.
  static constexpr i32 kBiasStep = kPass == Pass::kKeys ? -1 : 1;

  static NA_DEVICE i32 bias_entry_of(const BackwardParams& p, const MapExtents& row, const MapExtents& column) {
    return kPass == Pass::kKeys ? bias_entry(p.bias_windows, column, row) : bias_entry(p.bias_windows, row, column);
  }

  // Where a token's row of the gradient of key or query goes.
  template <class Element>
  NA_DEVICE Element* first_gradient(const BackwardParams& p, i32 token) const {
    if constexpr (kPass == Pass::kQueries) {
      return row_pointer<Element>(p.query_gradient, place.batch, token, place.head);
    } else {
      return owns_extra != 0 ? row_pointer<Element>(p.extra_key_gradient, sample, token, place.head)
                             : row_pointer<Element>(p.key_gradient, place.batch, token, place.head);
    }
  }

  // And of the value.
  template <class Element>
  NA_DEVICE Element* second_gradient(const BackwardParams& p, i32 token) const {
    return owns_extra != 0 ? row_pointer<Element>(p.extra_value_gradient, sample, token, place.head)
                           : row_pointer<Element>(p.value_gradient, place.batch, token, place.head);
  }

 private:
  static NA_DEVICE PassBlock of_map(const BackwardParams& p) {
    const MapBlock place = MapBlock::of_block(p.map);
    const TiledSection& section = *place.section;
    return {place,
            MapWalk::of(p.map, place, kPass == Pass::kQueries ? p.extra_keys : 0),
            {p.map.row_box, place.first, section.rows, section.rows, section.row_steps},
            0,
            place.batch * p.samples + section.sample,
            0};
  }

  static NA_DEVICE PassBlock of_extra(const BackwardParams& p, u32 block) {
    const u32 tiles = static_cast<u32>(p.extra_tiles);
    const u32 heads = static_cast<u32>(p.map.head_count);
    const i32 tile = static_cast<i32>(block % tiles);
    const i32 sample = static_cast<i32>(block / tiles / heads);
    const i32 first = p.sample_starts[sample % p.samples];
    MapWalk walk{};
    walk.extra_columns = p.sample_starts[sample % p.samples + 1] - first;
    walk.most_distance = -1;
    walk.tile_columns = static_cast<i32>(kColumns);
    return {{sample / p.samples, p.map.heads[block / tiles % heads], p.map.sections, {0, 0, 0}},
            walk,
            line(0, tile * static_cast<i32>(kRows), p.extra_keys),
            1,
            sample,
            first};
  }

  // Tokens first + begin, ... of a line of `count`.
  static NA_DEVICE MapRegion line(i32 first, i32 begin, i32 count) {
    const MapExtents end{1, 1, count};
    return {{0, 0, 31}, {0, 0, begin}, end, end, {first, 0, 0, 1}};
  }

  NA_DEVICE i32 key_head(const BackwardParams& p) const {
    return kPass == Pass::kKeys ? place.head : place.head / p.head_group;
  }
};

}  // namespace na
