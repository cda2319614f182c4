// Tiled backward attention for sm_80 and later: one template for both passes.
//
// A block owns kBlockM rows and visits boxes of kBlockN columns. Pass `keys` owns keys and visits queries, pass
// `queries` the other way round; with rows A1, A2 and columns B1, B2 both compute
//
//   S = A1 B1^T, dP = A2 B2^T;  P = exp2(c S - lse), dS = P (dP - delta);  first += dS B1, second += P B2
//
// where 1 is query or key, 2 output gradient or value, lse and delta belong to the queries, and `second`, the gradient
// of the value, is there in pass `keys` only. P and dS in registers are the A fragments of the products that follow,
// as in forward. Accumulators of wide heads do not fit beside each other: kernels may compute one output alone.
//
// Shared memory: the row tiles, then for each stage the column tiles and the statistics of the columns. The copies of
// the next visit run while one is computed where there are two stages. Deterministic two-pass form of the backward of
// FlashAttention (arXiv 2205.14135, 2307.08691).
#pragma once

#include "na/backward/column_mask.h"
#include "na/backward/pass.h"
#include "na/math/exp2.h"
#include "na/op/block/barrier.h"
#include "na/op/thread/load.h"
#include "na/tile/store_row.h"
#include "na/tile/tile_product.h"

namespace na {

template <class Element_, u32 kHeadDim_, u32 kBlockM_, u32 kBlockN_, u32 kWarps_, Pass kPass_, bool kFirst_,
          bool kSecond_>
struct BackwardConfig {
  using Element = Element_;
  static constexpr u32 kHeadDim = kHeadDim_;  // of all operands: shorter rows are padded with zeros
  static constexpr u32 kBlockM = kBlockM_;
  static constexpr u32 kBlockN = kBlockN_;
  static constexpr Pass kPass = kPass_;
  static constexpr bool kFirst = kFirst_;    // the gradient of query or key
  static constexpr bool kSecond = kSecond_;  // the gradient of the value
  static constexpr u32 kThreads = 32 * kWarps_;
  static constexpr u32 kRowChunks = kHeadDim * sizeof(Element) / kChunkBytes;
  static constexpr u32 kRowTiles = kBlockM / (16 * kWarps_);
  static constexpr u32 kColumnTiles = kBlockN / 8;
  static constexpr u32 kDimTiles = kHeadDim / 8;
  static constexpr u32 kRowTileBytes = kBlockM * kRowChunks * kChunkBytes;
  static constexpr u32 kColumnTileBytes = kBlockN * kRowChunks * kChunkBytes;
  static constexpr u32 kStatisticsBytes = kPass == Pass::kKeys ? kBlockN * sizeof(RowStatistics) : 0;
  static constexpr u32 kStageBytes = 2 * kColumnTileBytes + kStatisticsBytes;
  static constexpr u32 kRowBytes = (kFirst ? 2 : 1) * kRowTileBytes;
  static constexpr u32 kMostSharedBytes = 99 * 1024;  // of sm_86 and sm_89
  static constexpr u32 kStages = kRowBytes + 2 * kStageBytes <= kMostSharedBytes ? 2 : 1;
  static constexpr u32 kSharedBytes = kRowBytes + kStages * kStageBytes;

  static_assert(kBlockM % (16 * kWarps_) == 0 && kBlockN % 16 == 0 && kHeadDim % 16 == 0, "whole mma tiles only");
  static_assert(kSecond ? kPass == Pass::kKeys : kFirst, "something to compute");
  static_assert(kSharedBytes <= kMostSharedBytes, "some devices have no more");
};

template <class Config>
struct TiledBackward {
  using Element = typename Config::Element;
  using Product = TileProduct<Element, Config::kRowTiles, Config::kColumnTiles, Config::kDimTiles, Config::kRowChunks>;
  using Scores = typename Product::Scores;
  using Accumulator = typename Product::Accumulator;
  using Block = PassBlock<Config::kPass, Config::kBlockM, Config::kBlockN>;
  using Mask = ColumnMask<Config::kBlockN>;
  static constexpr Pass kPass = Config::kPass;
  static constexpr u32 kRowTiles = Config::kRowTiles;
  static constexpr u32 kColumnTiles = Config::kColumnTiles;

  const BackwardParams& params;
  Block block;
  u32 thread;
  u32 lane;
  u32 first_row;  // of this warp, in the row tile
  u32 shared;

  static NA_DEVICE void run(const BackwardParams& params, const u8* shared) {
    const TiledBackward self{params,
                             Block::of_block(params),
                             thread_index(),
                             lane_index(),
                             (thread_index() / 32) * 16 * kRowTiles,
                             block::shared_address(shared)};
    self.compute();
  }

 private:
  NA_DEVICE void compute() const {
    Accumulator first;
    Accumulator second;
    Product::clear(first);
    Product::clear(second);
    RowStatistics statistics[kRowTiles][2];
    read_row_statistics(statistics);
    const i32 visits = block.visits() * Block::heads(params);
    if (visits > 0) {
      load_rows();
      load_columns(0);
    }
    NA_NO_UNROLL
    for (i32 number = 0; number < visits; ++number) {
      cp_async_wait<0>();
      block::synchronize();  // the columns have arrived for all, and all are done with those before
      if (Config::kStages > 1 && number + 1 < visits) {
        load_columns(number + 1);
      }
      visit(number, statistics, first, second);
      if (Config::kStages == 1 && number + 1 < visits) {
        block::synchronize();
        load_columns(number + 1);
      }
    }
    store(first, second);
  }

  NA_DEVICE u32 row_tile(u32 which) const { return shared + which * Config::kRowTileBytes; }

  NA_DEVICE u32 stage(i32 number) const {
    return shared + Config::kRowBytes + (static_cast<u32>(number) % Config::kStages) * Config::kStageBytes;
  }

  static NA_DEVICE u32 column_tile(u32 stage, u32 which) { return stage + which * Config::kColumnTileBytes; }

  static NA_DEVICE u32 column_statistics(u32 stage) { return column_tile(stage, 2); }

  NA_DEVICE bool vector_loads() const { return (params.flags & kDenseVectorLoads) != 0; }

  NA_DEVICE void load_rows() const {
    using Loader = BoxLoader<Element, Config::kBlockM, Config::kRowChunks, Config::kThreads>;
    constexpr bool kBoth = Config::kFirst;
    if constexpr (kPass == Pass::kKeys) {
      Loader::template load<kBoth>(block.rows, block.template keys<Element>(params, block.extra), row_tile(0),
                                   block.template values<Element>(params, block.extra), row_tile(1), vector_loads(),
                                   thread);
    } else {
      Loader::template load<kBoth>(block.rows, block.template queries<Element>(params, 0), row_tile(0),
                                   block.template output_gradients<Element>(params, 0), row_tile(1), vector_loads(),
                                   thread);
    }
  }

  NA_DEVICE void load_columns(i32 number) const {
    using Loader = BoxLoader<Element, Config::kBlockN, Config::kRowChunks, Config::kThreads>;
    const Visit v = block.visit(number);
    const u32 to = stage(number);
    if constexpr (kPass == Pass::kKeys) {
      Loader::template load<true>(v.columns, block.template queries<Element>(params, v.head), column_tile(to, 0),
                                  block.template output_gradients<Element>(params, v.head), column_tile(to, 1),
                                  vector_loads(), thread);
      load_column_statistics(v, to);
    } else {
      Loader::template load<true>(v.columns, block.template keys<Element>(params, !v.map), column_tile(to, 0),
                                  block.template values<Element>(params, !v.map), column_tile(to, 1), vector_loads(),
                                  thread);
    }
    cp_async_commit();
  }

  NA_DEVICE void load_column_statistics(const Visit& v, u32 stage) const {
    static_assert(Config::kBlockN <= Config::kThreads, "one column a thread");
    if (thread < Config::kBlockN) {
      cp_async_8(column_statistics(stage) + thread * sizeof(RowStatistics),
                 block.statistics(params, v.head) + v.columns.token(thread),
                 v.columns.has(thread) ? sizeof(RowStatistics) : 0u);
    }
  }

  // The row of row half `half` (rows g or g + 8) of row tile r.
  NA_DEVICE u32 row_of(u32 r, u32 half) const { return first_row + 16 * r + 8 * half + (lane >> 2); }

  NA_DEVICE void read_row_statistics(RowStatistics (&statistics)[kRowTiles][2]) const {
    if constexpr (kPass == Pass::kQueries) {
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        NA_UNROLL
        for (u32 half = 0; half < 2; ++half) {
          const bool has = block.rows.has(row_of(r, half));
          const RowStatistics* from = block.statistics(params, 0) + block.rows.token(row_of(r, half));
          statistics[r][half] = {thread::load_if(&from->lse, has), thread::load_if(&from->delta, has)};
        }
      }
    }
  }

  NA_DEVICE void visit(i32 number, const RowStatistics (&statistics)[kRowTiles][2], Accumulator& first,
                       Accumulator& second) const {
    const u32 at = stage(number);
    Scores probabilities;
    Product::rows_by_rows(probabilities, row_tile(0), first_row, column_tile(at, 0), lane);
    exponentiate(probabilities, block.visit(number), at, statistics);
    if constexpr (Config::kFirst) {
      Scores slopes;
      Product::rows_by_rows(slopes, row_tile(1), first_row, column_tile(at, 1), lane);
      differentiate(slopes, probabilities, at, statistics);
      Product::accumulate(first, slopes, column_tile(at, 0), lane);
    }
    if constexpr (Config::kSecond) {
      Product::accumulate(second, probabilities, column_tile(at, 1), lane);
    }
  }

  // Raw products to probabilities; 0 where row and column do not see each other.
  NA_DEVICE void exponentiate(Scores& scores, const Visit& v, u32 stage,
                              const RowStatistics (&statistics)[kRowTiles][2]) const {
    subtract_lse(scores, stage, statistics);
    const bool biased = params.bias != nullptr && v.map;
    if (!v.full || biased) {
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        NA_UNROLL
        for (u32 half = 0; half < 2; ++half) {
          const MapExtents row = block.rows.at(row_of(r, half));
          const bool has = block.rows.has(row_of(r, half));
          const Mask mask = !has ? Mask::none() : v.full ? Mask::all() : mask_of(v, row);
          change_row(scores[r], 2 * half, v, row, mask, biased);
        }
      }
    }
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 n = 0; n < kColumnTiles; ++n) {
        NA_UNROLL
        for (u32 i = 0; i < 4; ++i) {
          scores[r][n][i] = exp2(scores[r][n][i]);
        }
      }
    }
  }

  NA_DEVICE void subtract_lse(Scores& scores, u32 stage, const RowStatistics (&statistics)[kRowTiles][2]) const {
    const f32 factor = params.scale * kLog2E;
    NA_UNROLL
    for (u32 n = 0; n < kColumnTiles; ++n) {
      f32 columns[4];  // lse, delta of two columns
      read_column_statistics(columns, stage, n);
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        NA_UNROLL
        for (u32 i = 0; i < 4; ++i) {
          const f32 lse = kPass == Pass::kKeys ? columns[2 * (i & 1u)] : statistics[r][i >> 1].lse;
          scores[r][n][i] = __builtin_fmaf(scores[r][n][i], factor, -lse);
        }
      }
    }
  }

  // dP to dS.
  NA_DEVICE void differentiate(Scores& slopes, const Scores& probabilities, u32 stage,
                               const RowStatistics (&statistics)[kRowTiles][2]) const {
    NA_UNROLL
    for (u32 n = 0; n < kColumnTiles; ++n) {
      f32 columns[4];
      read_column_statistics(columns, stage, n);
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        NA_UNROLL
        for (u32 i = 0; i < 4; ++i) {
          const f32 delta = kPass == Pass::kKeys ? columns[2 * (i & 1u) + 1] : statistics[r][i >> 1].delta;
          slopes[r][n][i] = probabilities[r][n][i] * (slopes[r][n][i] - delta);
        }
      }
    }
  }

  NA_DEVICE void read_column_statistics(f32 (&columns)[4], u32 stage, u32 n) const {
    if constexpr (kPass == Pass::kKeys) {
      block::load_f32x4(columns, column_statistics(stage) + (8 * n + 2 * (lane & 3u)) * sizeof(RowStatistics));
    }
  }

  // The columns that an existing row sees, but for a limit on the distance.
  NA_DEVICE Mask mask_of(const Visit& v, const MapExtents& row) const {
    if (!v.map) {
      return Mask::first(v.columns.end.x - v.columns.begin.x);
    }
    const RowIntervals sees = RowIntervals::of(params.map, *block.walk.section, row);
    return Mask::of_box(v.columns.box, v.columns.begin, sees.z, sees.y, sees.x);
  }

  // Elements [first], [first + 1] of every column tile: hides what the row does not see, and adds the bias.
  NA_DEVICE void change_row(f32 (&scores)[kColumnTiles][4], u32 first, const Visit& v, const MapExtents& row,
                            const Mask& mask, bool biased) const {
    const Mask columns = mask.from(2 * (lane & 3u));
    const bool near = v.map && params.map.most_distance >= 0;
    if (near || biased) {
      NA_UNROLL
      for (u32 n = 0; n < kColumnTiles; ++n) {
        NA_UNROLL
        for (u32 i = 0; i < 2; ++i) {
          const MapExtents column = v.columns.at(8 * n + 2 * (lane & 3u) + i);
          const bool sees = columns.contains(8 * n + i) && is_near(params.map, row, column);
          f32& score = scores[n][first + i];
          score = sees ? __builtin_fmaf(bias_of(v, row, column, sees && biased), kLog2E, score) : -infinity();
        }
      }
    } else {
      NA_UNROLL
      for (u32 n = 0; n < kColumnTiles; ++n) {
        NA_UNROLL
        for (u32 i = 0; i < 2; ++i) {
          f32& score = scores[n][first + i];
          score = columns.contains(8 * n + i) ? score : -infinity();
        }
      }
    }
  }

  NA_DEVICE f32 bias_of(const Visit& v, const MapExtents& row, const MapExtents& column, bool valid) const {
    return thread::load_if(block.bias(params, v.head) + Block::bias_entry_of(params, row, column), valid);
  }

  NA_DEVICE void store(const Accumulator& first, const Accumulator& second) const {
    const bool pairs = (params.flags & kDensePairStores) != 0;
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 half = 0; half < 2; ++half) {
        if (block.rows.has(row_of(r, half))) {
          const i32 token = block.rows.token(row_of(r, half));
          if constexpr (Config::kFirst) {
            store_row(block.template first_gradient<Element>(params, token), first[r], 2 * half, params.scale,
                      params.head_dim, pairs, lane);
          }
          if constexpr (Config::kSecond) {
            store_row(block.template second_gradient<Element>(params, token), second[r], 2 * half, 1.0f,
                      params.value_head_dim, pairs, lane);
          }
        }
      }
    }
  }
};

}  // namespace na
