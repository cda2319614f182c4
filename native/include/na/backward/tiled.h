// Tiled backward attention for sm_80 and later: one template for both passes.
//
// A block owns kBlockM rows and visits boxes of kBlockN columns. Pass `keys` owns keys and visits queries, pass
// `queries` the other way round; with rows A1, A2 and columns B1, B2 both compute
//
//   S = A1 B1^T, dP = A2 B2^T;  P = exp2(c S - lse), dS = P (dP - delta);  first += dS B1, second += P B2
//
// where 1 is query or key, 2 output gradient or value, lse and delta belong to the queries, and `second`, the
// gradient of the value, is there in pass `keys` only. P and dS in registers are the A fragments of the products that
// follow, as in forward. Accumulators of wide heads do not fit beside each other: kernels may compute one output
// alone.
//
// Shared memory: the row tiles, then for each stage the column tiles and the statistics of the columns. The copies of
// the next visit run while one is computed where there are two stages. Deterministic two-pass form of the backward of
// FlashAttention (arXiv 2205.14135, 2307.08691).
#pragma once

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

// The tokens that a thread copies of a tile, for all the tensors that have them.
template <class Loader>
struct Tokens {
  MapRegion region;
  u32 thread;
  i32 tokens[Loader::kSteps];

  NA_DEVICE Tokens(const MapRegion& of, u32 of_thread) : region(of), thread(of_thread) {
    NA_UNROLL
    for (u32 step = 0; step < Loader::kSteps; ++step) {
      tokens[step] = region.token_of(Loader::row_of(thread, step));
    }
  }

  template <class Element>
  NA_DEVICE void load(u32 to, const HeadRows<Element>& from, bool vector_loads) const {
    TokenRows<Element, Loader> rows{from.data, from.token_stride, from.dim, region, {}};
    NA_UNROLL
    for (u32 step = 0; step < Loader::kSteps; ++step) {
      rows.tokens[step] = tokens[step];
    }
    Loader::load(to, rows, vector_loads, thread);
  }
};

template <class Config>
struct TiledBackward {
  using Element = typename Config::Element;
  using Product = TileProduct<Element, Config::kRowTiles, Config::kColumnTiles, Config::kRowChunks>;
  using Scores = typename Product::Scores;
  using Accumulator = f32[Config::kRowTiles][Config::kDimTiles][4];
  using Block = PassBlock<Config::kPass, Config::kBlockM, Config::kBlockN>;
  using RowLoader = TileLoader<Element, Config::kBlockM, Config::kRowChunks, Config::kThreads>;
  using ColumnLoader = TileLoader<Element, Config::kBlockN, Config::kRowChunks, Config::kThreads>;
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
    Visit visit = block.first();
    if (block.has(params, visit)) {
      load_rows();
      load_columns(visit, stage(0));
    }
    NA_NO_UNROLL
    for (u32 number = 0; block.has(params, visit); ++number) {
      const Visit next = block.after(visit);
      cp_async_wait<0>();
      block::synchronize();  // the columns have arrived for all, and all are done with those before
      if (Config::kStages > 1 && block.has(params, next)) {
        load_columns(next, stage(number + 1));
      }
      add(visit, stage(number), statistics, first, second);
      if (Config::kStages == 1 && block.has(params, next)) {
        block::synchronize();
        load_columns(next, stage(number + 1));
      }
      visit = next;
    }
    store(first, second);
  }

  NA_DEVICE u32 row_tile(u32 which) const { return shared + which * Config::kRowTileBytes; }

  NA_DEVICE u32 stage(u32 number) const {
    return shared + Config::kRowBytes + number % Config::kStages * Config::kStageBytes;
  }

  static NA_DEVICE u32 column_tile(u32 stage, u32 which) { return stage + which * Config::kColumnTileBytes; }

  static NA_DEVICE u32 column_statistics(u32 stage) { return column_tile(stage, 2); }

  NA_DEVICE bool vector_loads() const { return (params.flags & kDenseVectorLoads) != 0; }

  NA_DEVICE void load_rows() const {
    const Tokens<RowLoader> tokens{block.rows, thread};
    const bool extra = block.owns_extra != 0;
    if constexpr (kPass == Pass::kKeys) {
      tokens.load(row_tile(0), block.template keys<Element>(params, extra), vector_loads());
      if constexpr (Config::kFirst) {
        tokens.load(row_tile(1), block.template values<Element>(params, extra), vector_loads());
      }
    } else {
      tokens.load(row_tile(0), block.template queries<Element>(params, 0), vector_loads());
      tokens.load(row_tile(1), block.template output_gradients<Element>(params, 0), vector_loads());
    }
  }

  NA_DEVICE void load_columns(const Visit& v, u32 to) const {
    const MapRegion columns = block.columns(v.tile);
    const Tokens<ColumnLoader> tokens{columns, thread};
    const bool extra = v.tile.is_extra != 0;
    if constexpr (kPass == Pass::kKeys) {
      load_column_statistics(columns, v.head, to);
      tokens.load(column_tile(to, 0), block.template queries<Element>(params, v.head), vector_loads());
      tokens.load(column_tile(to, 1), block.template output_gradients<Element>(params, v.head), vector_loads());
    } else {
      tokens.load(column_tile(to, 0), block.template keys<Element>(params, extra), vector_loads());
      tokens.load(column_tile(to, 1), block.template values<Element>(params, extra), vector_loads());
    }
  }

  NA_DEVICE void load_column_statistics(const MapRegion& columns, i32 head, u32 stage) const {
    static_assert(Config::kBlockN <= Config::kThreads, "one column a thread");
    if (thread < Config::kBlockN) {
      const i32 token = columns.token_of(thread);
      cp_async_8(column_statistics(stage) + thread * sizeof(RowStatistics), block.statistics(params, head) + token,
                 token >= 0 ? sizeof(RowStatistics) : 0u);
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
          const i32 token = block.rows.token_of(row_of(r, half));
          const RowStatistics* from = block.statistics(params, 0) + token;
          statistics[r][half] = {thread::load_if(&from->lse, token >= 0), thread::load_if(&from->delta, token >= 0)};
        }
      }
    }
  }

  NA_DEVICE void add(const Visit& v, u32 at, const RowStatistics (&statistics)[kRowTiles][2], Accumulator& first,
                     Accumulator& second) const {
    Scores probabilities;
    Product::rows_by_rows(probabilities, row_tile(0), first_row, column_tile(at, 0), lane);
    exponentiate(probabilities, v, at, statistics);
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

  // Raw products to probabilities; exactly 0 where row and column do not see each other.
  NA_DEVICE void exponentiate(Scores& scores, const Visit& v, u32 stage,
                              const RowStatistics (&statistics)[kRowTiles][2]) const {
    subtract_lse(scores, stage, statistics);
    const bool biased = params.bias != nullptr && v.tile.is_extra == 0;
    if (biased || block.walk.needs_mask(v.tile)) {
      NA_UNROLL
      for (u32 r = 0; r < kRowTiles; ++r) {
        NA_UNROLL
        for (u32 half = 0; half < 2; ++half) {
          const MapExtents row = block.row(row_of(r, half));
          hide_invisible(scores[r], 2 * half, row, v.tile);
          if (biased) {
            add_bias(scores[r], 2 * half, existing_row(*block.place.section, row), v);
          }
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

  // Elements [first], [first + 1] of every column tile: what a row does not see becomes -inf.
  NA_DEVICE void hide_invisible(f32 (&scores)[kColumnTiles][4], u32 first, const MapExtents& row,
                                const MapTile& tile) const {
    const MapColumns columns = block.visible_columns(params, row, tile, 2 * (lane & 3u));
    NA_UNROLL
    for (u32 n = 0; n < kColumnTiles; ++n) {
      const auto group = columns.group(8 * n);
      NA_UNROLL
      for (u32 i = 0; i < 2; ++i) {
        f32& score = scores[n][first + i];
        score = group.contains(i) ? score : -infinity();
      }
    }
  }

  // The bias of what is hidden is not read.
  NA_DEVICE void add_bias(f32 (&scores)[kColumnTiles][4], u32 first, const MapExtents& row, const Visit& v) const {
    const f32* bias = block.bias(params, v.head);
    NA_UNROLL
    for (u32 n = 0; n < kColumnTiles; ++n) {
      const MapExtents column = coordinates_of(block.walk.box, v.tile.first, 8 * n);
      const i32 entry =
          Block::bias_entry_of(params, row, column) + Block::kBiasStep * static_cast<i32>(2 * (lane & 3u));
      NA_UNROLL
      for (u32 i = 0; i < 2; ++i) {
        f32& score = scores[n][first + i];
        const f32 term = thread::load_if(bias + entry + Block::kBiasStep * static_cast<i32>(i), score > -infinity());
        score = __builtin_fmaf(term, kLog2E, score);
      }
    }
  }

  NA_DEVICE void store(const Accumulator& first, const Accumulator& second) const {
    const bool pairs = (params.flags & kDensePairStores) != 0;
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 half = 0; half < 2; ++half) {
        const i32 token = block.rows.token_of(row_of(r, half));
        if (token >= 0) {
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
