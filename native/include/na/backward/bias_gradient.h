// The gradient of a relative bias: a block sums the derivatives of all scores of one head and one offset, in an order
// that depends on nothing but the shapes.
#pragma once

#include "na/attention/block_problem.h"
#include "na/backward/pair.h"
#include "na/neighborhood/map_block.h"
#include "na/op/block/barrier.h"
#include "na/op/block/shared_memory.h"

namespace na {

template <class Element, u32 kThreads>
struct BiasGradient {
  const BackwardParams& params;
  i32 head;
  i32 entry;
  MapExtents offset;  // from query to key

  static NA_DEVICE void run(const BackwardParams& params, u8* shared) {
    const u32 along_x = static_cast<u32>(2 * params.bias_windows.x - 1);
    const u32 along_y = static_cast<u32>(2 * params.bias_windows.y - 1);
    const u32 entries = along_x * along_y * static_cast<u32>(2 * params.bias_windows.z - 1);
    const u32 entry = block_index() % entries;
    const BiasGradient self{params,
                            params.map.heads[block_index() / entries],
                            static_cast<i32>(entry),
                            {static_cast<i32>(entry / along_x / along_y) - params.bias_windows.z + 1,
                             static_cast<i32>(entry / along_x % along_y) - params.bias_windows.y + 1,
                             static_cast<i32>(entry % along_x) - params.bias_windows.x + 1}};
    const f32 sum = block_sum(self.sum_of_thread(), reinterpret_cast<f32*>(shared));
    if (thread_index() == 0) {
      params.bias_gradient[self.head * params.bias_head_stride + entry] = sum;
    }
  }

 private:
  NA_DEVICE f32 sum_of_thread() const {
    f32 sum = 0.0f;
    NA_NO_UNROLL
    for (i32 batch = 0; batch < params.batch; ++batch) {
      NA_NO_UNROLL
      for (i32 s = 0; s < params.map.section_count; ++s) {
        const TiledSection& section = params.map.sections[s];
        const u32 queries =
            static_cast<u32>(section.rows.z) * static_cast<u32>(section.rows.y) * static_cast<u32>(section.rows.x);
        NA_NO_UNROLL
        for (u32 q = thread_index(); q < queries; q += kThreads) {
          sum += slope_of(batch, section, q);
        }
      }
    }
    return sum;
  }

  // dS of a query and the key at the offset; 0 where the query does not see it.
  NA_DEVICE f32 slope_of(i32 batch, const TiledSection& section, u32 q) const {
    const u32 along_x = static_cast<u32>(section.rows.x);
    const u32 along_y = static_cast<u32>(section.rows.y);
    const MapExtents query{static_cast<i32>(q / along_x / along_y), static_cast<i32>(q / along_x % along_y),
                           static_cast<i32>(q % along_x)};
    const MapExtents key{query.z + offset.z, query.y + offset.y, query.x + offset.x};
    if (!sees(section, query, key)) {
      return 0.0f;
    }
    const i32 query_token = MapRegion{{}, {}, {}, section.rows, section.row_steps}.token_at(query);
    const i32 key_token = MapRegion{{}, {}, {}, section.columns, section.column_steps}.token_at(key);
    const i32 key_head = head / params.head_group;
    const PairRows<Element> rows{row_pointer<Element>(params.query, batch, query_token, head),
                                 row_pointer<Element>(params.key, batch, key_token, key_head),
                                 row_pointer<Element>(params.output_gradient, batch, query_token, head),
                                 row_pointer<Element>(params.value, batch, key_token, key_head)};
    const RowStatistics statistics =
        params.statistics[(static_cast<i64>(batch) * params.query_heads + head) * params.query_tokens + query_token];
    const f32 bias = params.bias[head * params.bias_head_stride + entry];
    return PairGradient::of(params, rows, statistics, bias).slope;
  }

  NA_DEVICE bool sees(const TiledSection& section, const MapExtents& query, const MapExtents& key) const {
    return contains(interval_of(params.map, section.tables.z, query.z), key.z) &&
           contains(interval_of(params.map, section.tables.y, query.y), key.y) &&
           contains(interval_of(params.map, section.tables.x, query.x), key.x) &&
           (params.map.most_distance < 0 || squared_distance(query, key) <= params.map.most_distance);
  }

  static NA_DEVICE bool contains(const MapInterval& interval, i32 at) {
    return at >= interval.begin && at < interval.end;
  }

  // A tree over the threads.
  static NA_DEVICE f32 block_sum(f32 x, f32* sums) {
    sums[thread_index()] = x;
    NA_NO_UNROLL
    for (u32 half = kThreads / 2; half > 0; half /= 2) {
      block::synchronize();
      if (thread_index() < half) {
        sums[thread_index()] += sums[thread_index() + half];
      }
    }
    return sums[0];
  }
};

}  // namespace na
