// Backward attention, one thread per row of a gradient: the textbook, the oracle and the fallback.
//
// kElements of a row at a time, computing the pairs anew for each, so that one kernel does for every head dim.
#pragma once

#include "na/backward/pair.h"
#include "na/backward/pass.h"

namespace na {

template <class Element, u32 kBlockM, Pass kPass>
struct ReferenceBackward {
  using Block = PassBlock<kPass, kBlockM, kBlockM>;
  static constexpr i32 kElements = 64;

  const BackwardParams& params;
  Block block;
  MapExtents row;
  i32 token;

  static NA_DEVICE void run(const BackwardParams& params) {
    const Block block = Block::of_block(params);
    const i32 token = block.rows.token_of(thread_index());
    if (token >= 0) {
      ReferenceBackward{params, block, block.row(thread_index()), token}.compute();
    }
  }

 private:
  NA_DEVICE void compute() const {
    const i32 dim = max_of(params.head_dim, params.value_head_dim);
    NA_NO_UNROLL
    for (i32 element = 0; element < dim; element += kElements) {
      f32 first[kElements] = {};
      f32 second[kElements] = {};
      for_each_column([&](const PairRows<Element>& rows, const PairGradient& pair) NA_LAMBDA {
        if constexpr (kPass == Pass::kKeys) {
          add(first, pair.slope, rows.query, element, params.head_dim);
          add(second, pair.probability, rows.output_gradient, element, params.value_head_dim);
        } else {
          add(first, pair.slope, rows.key, element, params.head_dim);
        }
      });
      store(block.template first_gradient<Element>(params, token), first, params.scale, element, params.head_dim);
      if constexpr (kPass == Pass::kKeys) {
        store(block.template second_gradient<Element>(params, token), second, 1.0f, element, params.value_head_dim);
      }
    }
  }

  // Every column that the row sees, head by head.
  template <class Action>
  NA_DEVICE void for_each_column(const Action& action) const {
    NA_NO_UNROLL
    for (i32 head = 0; head < Block::heads(params); ++head) {
      if (block.owns_extra == 0) {
        for_each_of_map(head, action);
      }
      NA_NO_UNROLL
      for (i32 i = 0; i < block.walk.extra_columns; ++i) {
        act(head, false, block.line_first + i, 0.0f, action);
      }
    }
  }

  template <class Action>
  NA_DEVICE void for_each_of_map(i32 head, const Action& action) const {
    const TiledSection& section = *block.place.section;
    const MapInterval z = interval_of(params.map, section.tables.z, row.z);
    const MapInterval y = interval_of(params.map, section.tables.y, row.y);
    const MapInterval x = interval_of(params.map, section.tables.x, row.x);
    const MapRegion columns = block.columns({{0, 0, 0}, 0});
    MapExtents at;
    NA_NO_UNROLL
    for (at.z = z.begin; at.z < z.end; ++at.z) {
      NA_NO_UNROLL
      for (at.y = y.begin; at.y < y.end; ++at.y) {
        NA_NO_UNROLL
        for (at.x = x.begin; at.x < x.end; ++at.x) {
          if (params.map.most_distance < 0 || squared_distance(row, at) <= params.map.most_distance) {
            const f32 bias =
                params.bias == nullptr ? 0.0f : block.bias(params, head)[Block::bias_entry_of(params, row, at)];
            act(head, true, columns.token_at(at), bias, action);
          }
        }
      }
    }
  }

  template <class Action>
  NA_DEVICE void act(i32 head, bool of_map, i32 column, f32 bias, const Action& action) const {
    const bool owns_keys = kPass == Pass::kKeys;
    const i32 query = owns_keys ? column : token;
    const i32 key = owns_keys ? token : column;
    const bool extra = owns_keys ? block.owns_extra != 0 : !of_map;
    const PairRows<Element> rows{block.template queries<Element>(params, head).at(query),
                                 block.template keys<Element>(params, extra).at(key),
                                 block.template output_gradients<Element>(params, head).at(query),
                                 block.template values<Element>(params, extra).at(key)};
    action(rows, PairGradient::of(params, rows, block.statistics(params, head)[query], bias));
  }

  static NA_DEVICE void add(f32 (&sum)[kElements], f32 factor, const Element* from, i32 element, i32 dim) {
    NA_UNROLL
    for (i32 d = 0; d < kElements; ++d) {
      if (element + d < dim) {
        sum[d] = __builtin_fmaf(factor, widen(from[element + d]), sum[d]);
      }
    }
  }

  static NA_DEVICE void store(Element* to, const f32 (&sum)[kElements], f32 factor, i32 element, i32 dim) {
    NA_UNROLL
    for (i32 d = 0; d < kElements; ++d) {
      if (element + d < dim) {
        to[element + d] = narrow<Element>(sum[d] * factor);
      }
    }
  }
};

}  // namespace na
