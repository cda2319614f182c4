// Tiled forward attention for sm_80 and later: tensor-core products, asynchronous copies, online softmax.
//
// A block owns kBlockM queries of one head and walks the key tiles that its problem gives it; who holds which score
// is said in tile_product.h.
//
// What queries and keys there are, where they lie and who sees whom is the problem's: BlockProblem is the plainest.
//
// Shared memory: Q, then one K tile, then one V tile, rows swizzled. The copies alternate: while scores are computed
// V is in flight, while softmax and the value product run the next K is. Algorithm: FlashAttention-2 (arXiv
// 2307.08691).
#pragma once

#include "na/attention/score_modifiers.h"
#include "na/math/softmax_state.h"
#include "na/op/block/barrier.h"
#include "na/op/warp/reduce.h"
#include "na/tile/store_row.h"
#include "na/tile/tile_loader.h"
#include "na/tile/tile_product.h"

namespace na {

template <class Element_, u32 kHeadDim_, u32 kBlockM_, u32 kBlockN_, u32 kWarps_>
struct TiledConfig {
  using Element = Element_;
  static constexpr u32 kHeadDim = kHeadDim_;  // of Q, K and V alike: shorter ones are padded with zeros
  static constexpr u32 kBlockM = kBlockM_;
  static constexpr u32 kBlockN = kBlockN_;
  static constexpr u32 kWarps = kWarps_;
  static constexpr u32 kThreads = 32 * kWarps;
  static constexpr u32 kRowChunks = kHeadDim * sizeof(Element) / kChunkBytes;
  static constexpr u32 kRowTiles = kBlockM / (16 * kWarps);
  static constexpr u32 kKeyTiles = kBlockN / 8;
  static constexpr u32 kDimTiles = kHeadDim / 8;
  static constexpr u32 kQueryBytes = kBlockM * kRowChunks * kChunkBytes;
  static constexpr u32 kKeyBytes = kBlockN * kRowChunks * kChunkBytes;
  static constexpr u32 kSharedBytes = kQueryBytes + 2 * kKeyBytes;

  static_assert(kBlockM % (16 * kWarps) == 0 && kBlockN % 16 == 0 && kHeadDim % 16 == 0, "whole mma tiles only");
};

template <class Config, class Problem>
struct TiledForward {
  using Params = typename Problem::Params;
  using Element = typename Config::Element;
  using QueryLoader = TileLoader<Element, Config::kBlockM, Config::kRowChunks, Config::kThreads>;
  using KeyLoader = TileLoader<Element, Config::kBlockN, Config::kRowChunks, Config::kThreads>;
  using Places = typename Problem::template Places<KeyLoader>;  // where the keys of a tile lie
  static constexpr u32 kRowTiles = Config::kRowTiles;
  static constexpr u32 kKeyTiles = Config::kKeyTiles;
  static constexpr u32 kDimTiles = Config::kDimTiles;
  static constexpr u32 kRowChunks = Config::kRowChunks;

  using Product = TileProduct<Element, kRowTiles, kKeyTiles, kRowChunks>;
  using Scores = typename Product::Scores;
  using Accumulator = f32[kRowTiles][kDimTiles][4];
  using States = SoftmaxState[kRowTiles][2];

  const Params& params;
  Problem problem;
  u32 thread;
  u32 lane;
  u32 first_row;  // of this warp, in the query tile
  u32 query_tile;
  u32 key_tile;
  u32 value_tile;
  f32 prescale;  // on raw scores; 1 where the factor below carries the whole scale
  f32 factor;    // from (prescaled) scores to base-2 units; positive

  static NA_DEVICE void run(const Params& params, const u8* shared) {
    const u32 base = block::shared_address(shared);
    const f32 scale = Problem::operands(params).scale;
    const bool folds = !Problem::kModified && scale > 0.0f && !Problem::has_bias(params);
    TiledForward self{params,
                      Problem::template of_block<Config::kBlockM>(params),
                      thread_index(),
                      lane_index(),
                      (thread_index() / 32) * 16 * kRowTiles,
                      base,
                      base + Config::kQueryBytes,
                      base + Config::kQueryBytes + Config::kKeyBytes,
                      folds || Problem::kModified ? 1.0f : scale * kLog2E,
                      folds ? scale * kLog2E : 1.0f};
    if (self.problem.has_queries()) {
      self.attend();
    }
  }

 private:
  NA_DEVICE const auto& operands() const { return Problem::operands(params); }

  NA_DEVICE void attend() const {
    Accumulator output;
    States states;
    clear(output, states);
    const auto tiles = problem.template key_tiles<Config::kBlockN>(params);
    auto tile = tiles.first();
    if (tiles.has(tile)) {
      load_queries();
      Places places = places_of(tiles, tile);
      load_keys(places);
      NA_NO_UNROLL
      do {
        const auto next = tiles.after(tile);
        visit(tile, next, tiles, places, output, states);
        tile = next;
      } while (tiles.has(tile));
    }
    finish(output, states);
  }

  template <class Tiles, class Tile>
  NA_DEVICE Places places_of(const Tiles& tiles, const Tile& tile) const {
    return problem.template places<KeyLoader>(params, tiles, tile, thread);
  }

  static NA_DEVICE void clear(Accumulator& output, States& states) {
    Product::clear(output);
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      states[r][0] = SoftmaxState::empty();
      states[r][1] = SoftmaxState::empty();
    }
  }

  // One key tile: O, m, l <- O, m, l and the keys of the tile. On entry its K is in flight and `places` are its; on
  // exit the next one's.
  template <class Tiles, class Tile>
  NA_DEVICE void visit(const Tile& tile, const Tile& next, const Tiles& tiles, Places& places, Accumulator& output,
                       States& states) const {
    cp_async_wait<0>();
    block::synchronize();  // K has arrived for all, and all are done with the last V
    KeyLoader::load(value_tile, problem.template value_rows<Element>(params, places), vector_loads(), thread);
    Scores scores;
    Product::rows_by_rows(scores, query_tile, first_row, key_tile, lane);
    change_scores(scores, tiles, tile);
    cp_async_wait<0>();
    block::synchronize();  // V has arrived for all, and all are done with this K
    if (tiles.has(next)) {
      places = places_of(tiles, next);
      load_keys(places);
    }
    exponentiate(scores, output, states);
    Product::accumulate(output, scores, value_tile, lane);
  }

  template <class Tiles, class Tile>
  NA_DEVICE void change_scores(Scores& scores, const Tiles& tiles, const Tile& tile) const {
    const bool needs_mask = tiles.needs_mask(tile);
    if constexpr (Problem::kModified) {
      modify(scores, tile);
      if (needs_mask) {
        hide_invisible(scores, tiles, tile);
      }
      // One branch for what is rare: multiplying by 1 on masked tiles is cheaper than a second branch on all.
    } else if (needs_mask || prescale != 1.0f || Problem::has_bias(params)) {
      multiply_scores(scores, prescale);
      hide_invisible(scores, tiles, tile);
      if constexpr (Problem::kHasBias) {
        add_bias(scores, tile);
      }
    }
  }

  NA_DEVICE void load_queries() const {
    QueryLoader::load(query_tile, problem.template query_rows<Element, QueryLoader>(params, thread), vector_loads(),
                      thread);
  }

  NA_DEVICE void load_keys(const Places& places) const {
    KeyLoader::load(key_tile, problem.template key_rows<Element>(params, places), vector_loads(), thread);
  }

  NA_DEVICE bool vector_loads() const { return (operands().flags & kDenseVectorLoads) != 0; }

  static NA_DEVICE void multiply_scores(Scores& scores, f32 by) {
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 n = 0; n < kKeyTiles; ++n) {
        NA_UNROLL
        for (u32 i = 0; i < 4; ++i) {
          scores[r][n][i] *= by;
        }
      }
    }
  }

  // The query of row half `half` (rows g or g + 8) of row tile r; may be one that is not there.
  NA_DEVICE auto query_of(u32 r, u32 half) const {
    return problem.query(params, first_row + 16 * r + 8 * half + (lane >> 2));
  }

  // Raw products to finished scores in base-2 units, but for the visible keys.
  NA_DEVICE void modify(Scores& scores, i32 tile) const {
    const i32 first_key = tile * static_cast<i32>(Config::kBlockN) + static_cast<i32>(2 * (lane & 3u));
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 half = 0; half < 2; ++half) {
        const i32 query = min_of(query_of(r, half), problem.query_length(params) - 1);  // operands have no others
        const ScoreModifiers<Element> modifiers{params, problem, query};
        modifiers.apply(scores[r], 2 * half, first_key, problem.key_length(params) - first_key);
      }
    }
  }

  template <class Tile>
  NA_DEVICE void add_bias(Scores& scores, const Tile& tile) const {
    if (!Problem::has_bias(params)) {
      return;
    }
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 half = 0; half < 2; ++half) {
        problem.add_bias(scores[r], 2 * half, params, query_of(r, half), tile, 2 * (lane & 3u));
      }
    }
  }

  // What a query does not see becomes -inf.
  template <class Tiles, class Tile>
  NA_DEVICE void hide_invisible(Scores& scores, const Tiles& tiles, const Tile& tile) const {
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 half = 0; half < 2; ++half) {
        const auto columns = problem.template visible_columns<Config::kBlockN>(params, query_of(r, half), tiles, tile,
                                                                               2 * (lane & 3u));
        NA_UNROLL
        for (u32 n = 0; n < kKeyTiles; ++n) {
          const auto group = columns.group(8 * n);
          NA_UNROLL
          for (u32 i = 0; i < 2; ++i) {
            f32& score = scores[r][n][2 * half + i];
            score = group.contains(i) ? score : -infinity();
          }
        }
      }
    }
  }

  // scores <- 2^((scores - m) factor), rescaling what is there to the new maxima.
  NA_DEVICE void exponentiate(Scores& scores, Accumulator& output, States& states) const {
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 half = 0; half < 2; ++half) {
        exponentiate_row(scores[r], output[r], states[r][half], 2 * half);
      }
    }
  }

  // One row half: elements [first], [first + 1] of every tile.
  NA_DEVICE void exponentiate_row(f32 (&scores)[kKeyTiles][4], f32 (&output)[kDimTiles][4], SoftmaxState& state,
                                  u32 first) const {
    f32 maximum = scores[0][first];
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      maximum = max_ignoring_nan(maximum, max_ignoring_nan(scores[n][first], scores[n][first + 1]));
    }
    const f32 shrink = state.raise(warp::quad_max(maximum), factor);
    NA_UNROLL
    for (u32 d = 0; d < kDimTiles; ++d) {
      output[d][first] *= shrink;
      output[d][first + 1] *= shrink;
    }
    const f32 offset = state.offset(factor);
    f32 sum = 0.0f;  // of this lane; the quad's sums meet in finish()
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      NA_UNROLL
      for (u32 i = first; i < first + 2; ++i) {
        scores[n][i] = exp2(__builtin_fmaf(scores[n][i], factor, -offset));
        sum += scores[n][i];
      }
    }
    state.sum += sum;
  }

  NA_DEVICE void finish(const Accumulator& output, States& states) const {
    const bool pairs = (operands().flags & kDensePairStores) != 0;
    NA_UNROLL
    for (u32 r = 0; r < kRowTiles; ++r) {
      NA_UNROLL
      for (u32 half = 0; half < 2; ++half) {
        SoftmaxState& state = states[r][half];
        state.sum = warp::quad_sum(state.sum);
        const auto query = query_of(r, half);
        if (problem.has_query(params, query)) {
          store_row(problem.template output_row<Element>(params, query), output[r], 2 * half,
                    finish_state(state, query), operands().value_head_dim, pairs, lane);
          if (operands().lse != nullptr && (lane & 3u) == 0) {
            *problem.lse_row(params, query) = state.log_sum_exp(factor);
          }
        }
      }
    }
  }

  // The factor from the accumulated to the final output.
  template <class Query>
  NA_DEVICE f32 finish_state(SoftmaxState& state, const Query& query) const {
    if constexpr (Problem::kModified) {
      const f32 sink = problem.sink(params);
      const f32 shrink = state.raise(sink, 1.0f);
      state.sum += exp2(sink - state.offset(1.0f));
      return state.inverse_sum() * shrink * problem.gate(params, query);
    } else {
      return state.inverse_sum();
    }
  }
};

}  // namespace na
