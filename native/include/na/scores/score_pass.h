// The pass over scores for sm_80 and later: the products, modifiers and masks of the tiled loop, without its softmax
// and value product.
//
// A block owns a tile of queries of one head and goes through the keys, or a tile of keys and goes through the
// queries: sums over a row, or over a column, then need nobody else, and come in one order whatever the grid. The
// head dim is taken in slices of kRowBytes, so that one kernel does for all. Largest probabilities are raised in
// memory by several blocks; that has no order either.
#pragma once

#include "na/attention/score_modifiers.h"
#include "na/op/block/barrier.h"
#include "na/op/thread/atomic.h"
#include "na/op/thread/store.h"
#include "na/op/warp/reduce.h"
#include "na/scores/params.h"
#include "na/tile/tile_loader.h"
#include "na/tile/tile_product.h"

namespace na {

template <class Element_, u32 kBlockM_, u32 kBlockN_, u32 kWarps_>
struct ScoreConfig {
  using Element = Element_;
  static constexpr u32 kBlockM = kBlockM_;
  static constexpr u32 kBlockN = kBlockN_;
  static constexpr u32 kWarps = kWarps_;
  static constexpr u32 kThreads = 32 * kWarps;
  static constexpr u32 kRowChunks = 8;
  static constexpr u32 kSliceDims = kRowChunks * kChunkBytes / sizeof(Element);
  static constexpr u32 kQueryBytes = kBlockM * kRowChunks * kChunkBytes;
  static constexpr u32 kKeyBytes = kBlockN * kRowChunks * kChunkBytes;
  static constexpr u32 kSharedBytes = kQueryBytes + kKeyBytes;
  static constexpr u32 kKeyTiles = kBlockN / 8;

  static_assert(kBlockM == 16 * kWarps && kBlockN % 16 == 0, "a warp has 16 rows, and whole mma tiles");
  static_assert(kWarps * kBlockN * sizeof(f32) <= kQueryBytes, "column sums of all warps lie where the queries did");
  static_assert(kBlockN <= kThreads, "a thread finishes at most one column");
};

template <class Config>
struct ScorePass {
  using Element = typename Config::Element;
  using Product = TileProduct<Element, 1, Config::kKeyTiles, Config::kRowChunks>;
  static constexpr u32 kKeyTiles = Config::kKeyTiles;
  static constexpr i32 kBlockM = Config::kBlockM;
  static constexpr i32 kBlockN = Config::kBlockN;

  using Row = f32[kKeyTiles][4];  // scores of a lane

  const ScoreParams& params;
  ModifiedProblem problem;
  u32 thread;
  u32 lane;
  u32 first_row;  // of this warp, in the query tile
  u32 query_tile;
  u32 key_tile;
  f32 entropy[2];          // of rows g and g + 8, in bits; this lane's part
  f32 sums[kKeyTiles][2];  // of columns; this lane's part

  static NA_DEVICE void run(const ScoreParams& params, const u8* shared) {
    const DenseForwardParams& dense = params.attention.dense;
    const bool by_keys = (params.flags & kScoreByKeys) != 0;
    const u32 tiles = by_keys ? ceil_div<u32>(dense.key_length, kBlockN) : ceil_div<u32>(dense.query_length, kBlockM);
    const u32 count = tiles * dense.query_heads * dense.batch;
    const u32 base = block::shared_address(shared);
    NA_NO_UNROLL
    for (u32 index = block_index(); index < count; index += block_count()) {
      const BlockTile tile = BlockTile::of<Config::kBlockM>(dense, index, tiles);
      ScorePass self{params,
                     ModifiedProblem::of_head<false>(params.attention, tile.batch, tile.query_head),
                     thread_index(),
                     lane_index(),
                     thread_index() / 32 * 16,
                     base,
                     base + Config::kQueryBytes,
                     {},
                     {}};
      i32 first_query = by_keys ? 0 : tile.first_row;
      i32 first_key = by_keys ? tile.first_row : 0;
      self.problem.template move_to<Config::kBlockM>(first_query);
      NA_NO_UNROLL
      while (first_query < dense.query_length && first_key < dense.key_length) {
        self.visit(first_key);
        if (by_keys) {
          first_query += kBlockM;
          self.problem.template move_to<Config::kBlockM>(first_query);
        } else {
          first_key += kBlockN;
        }
      }
      if (by_keys) {
        self.finish_columns(first_key);
      } else {
        self.finish_rows();
      }
    }
  }

 private:
  NA_DEVICE const DenseForwardParams& dense() const { return params.attention.dense; }

  // Number of the head among those of all sequences.
  NA_DEVICE i64 head() const { return static_cast<i64>(problem.batch) * dense().query_heads + problem.query_head; }

  NA_DEVICE i32 query_of(u32 half) const {
    return problem.first_query + static_cast<i32>(first_row + 8 * half + (lane >> 2));
  }

  NA_DEVICE bool has(i32 query) const { return query < problem.sequence.query_length; }

  // A tile that nobody sees adds nothing to a statistic; its scores are returned all the same.
  NA_DEVICE void visit(i32 first_key) {
    const KeyTileWalk walk = problem.key_tiles<Config::kBlockN>(params.attention);
    const i32 tile = first_key / kBlockN;
    if (params.scores == nullptr && !walk.visits(tile)) {
      return;
    }
    const bool masks = walk.needs_mask(tile) || problem.query_count < kBlockM;
    typename Product::Scores scores;
    compute(scores, first_key);
    const i32 first_column = first_key + static_cast<i32>(2 * (lane & 3u));
    visit_row<0>(scores[0], first_column, masks);
    visit_row<1>(scores[0], first_column, masks);
    if (params.block_maxima != nullptr) {
      raise_maxima(scores[0], first_key);
    }
  }

  // scores[m][n] = q[m][:] . k[n][:]
  NA_DEVICE void compute(typename Product::Scores& scores, i32 first_key) const {
    Product::clear(scores);
    const Element* queries = row_pointer<Element>(dense().query, problem.batch,
                                                  problem.query_token(problem.first_query), problem.query_head);
    const Element* keys =
        row_pointer<Element>(dense().key, problem.batch, problem.key_token(first_key), problem.key_head);
    const i32 query_count = max_of(problem.query_count, 0);
    const i32 key_count = max_of(problem.sequence.key_length - first_key, 0);
    NA_NO_UNROLL
    for (i32 dim = 0; dim < dense().head_dim; dim += Config::kSliceDims) {
      block::synchronize();  // all are done with the slice before
      load<Config::kBlockM>(query_tile, queries + dim, dense().query, query_count, dim);
      load<Config::kBlockN>(key_tile, keys + dim, dense().key, key_count, dim);
      cp_async_wait<0>();
      block::synchronize();
      Product::add_rows_by_rows(scores, query_tile, first_row, key_tile, lane);
    }
  }

  template <u32 kRows>
  NA_DEVICE void load(u32 address, const Element* rows, const TensorRef& tensor, i32 count, i32 dim) const {
    using Loader = TileLoader<Element, kRows, Config::kRowChunks, Config::kThreads>;
    const RowSource<Element> source{rows, tensor.sequence_stride, static_cast<u32>(count),
                                    static_cast<u32>(dense().head_dim - dim)};
    Loader::load(address, source, (dense().flags & kDenseVectorLoads) != 0, thread);
  }

  // Products to probabilities, for elements 2 half and 2 half + 1 of every key tile: row g or g + 8. What a stage
  // gave is stored before the next one changes it.
  template <u32 kHalf>
  NA_DEVICE void visit_row(Row& scores, i32 first_column, bool masks) {
    const i32 query = query_of(kHalf);
    const u32 last = dense().lse == nullptr ? params.stage : kScoreProbabilities;
    NA_NO_UNROLL
    for (u32 stage = kScoreScaled; stage <= last; ++stage) {
      const f32 to_natural = advance<kHalf>(scores, stage, query, first_column, masks);
      if (params.scores != nullptr && params.stage == stage && has(query)) {
        store_row<kHalf>(scores, to_natural, query, first_column);
      }
    }
  }

  // From the stage before to this one; the factor from these scores to natural units.
  template <u32 kHalf>
  NA_DEVICE f32 advance(Row& scores, u32 stage, i32 query, i32 first_column, bool masks) {
    const i32 existing = min_of(query, problem.sequence.query_length - 1);  // operands have no others
    const ScoreModifiers<Element> modifiers{params.attention, problem, existing};
    switch (stage) {
      case kScoreScaled:
        return modifiers.factor();
      case kScoreSoftCapped:
        modifiers.scale(scores, 2 * kHalf);
        return kLn2;
      case kScoreMasked:
        modifiers.add_terms(scores, 2 * kHalf, first_column, problem.sequence.key_length - first_column);
        if (masks) {
          hide_invisible<2 * kHalf>(scores, query, first_column);
        }
        return kLn2;
      default:
        exponentiate<kHalf>(scores, query);
        return 1.0f;
    }
  }

  template <u32 kFirst>
  NA_DEVICE void hide_invisible(Row& scores, i32 query, i32 first_column) const {
    const auto columns = problem.visible_keys(params.attention, query).from(first_column);
    const bool exists = has(query);
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      NA_UNROLL
      for (u32 i = 0; i < 2; ++i) {
        f32& score = scores[n][kFirst + i];
        score = exists && columns.contains(static_cast<i32>(8 * n + i)) ? score : -infinity();
      }
    }
  }

  // s becomes p = 2^(s - lse), and entropy and column sums take it in. Rows that see nothing, or are none, have p =
  // 0.
  template <u32 kHalf>
  NA_DEVICE void exponentiate(Row& scores, i32 query) {
    const f32 natural = has(query) ? *problem.lse_row(params.attention, query) : -infinity();
    const f32 lse = natural == -infinity() ? infinity() : natural * kLog2E;
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      NA_UNROLL
      for (u32 i = 0; i < 2; ++i) {
        f32& score = scores[n][2 * kHalf + i];
        const f32 logarithm = score - lse;
        score = exp2(logarithm);
        entropy[kHalf] -= score == 0.0f ? 0.0f : score * logarithm;
        sums[n][i] += score;
      }
    }
  }

  // The part of a row of the result that this lane has.
  template <u32 kHalf>
  NA_DEVICE void store_row(const Row& scores, f32 to_natural, i32 query, i32 first_column) const {
    const i64 keys = dense().key_length;
    Element* row = static_cast<Element*>(params.scores) + (head() * dense().query_length + query) * keys;
    const bool pairs = (params.flags & kScorePairStores) != 0;
    const f32 hidden = params.stage == kScoreProbabilities ? 0.0f : -infinity();
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      const i32 column = first_column + static_cast<i32>(8 * n);
      const bool even_exists = column < problem.sequence.key_length;
      const bool odd_exists = column + 1 < problem.sequence.key_length;
      const f32 even = even_exists ? scores[n][2 * kHalf] * to_natural : hidden;
      const f32 odd = odd_exists ? scores[n][2 * kHalf + 1] * to_natural : hidden;
      if (pairs && column < keys) {
        thread::store_pair(row + column, even, odd);
      } else {
        store_if(row, column, even);
        store_if(row, column + 1, odd);
      }
    }
  }

  NA_DEVICE void store_if(Element* row, i32 column, f32 x) const {
    if (column < dense().key_length) {
      row[column] = narrow<Element>(x);
    }
  }

  // Numbers that are not negative have the order of their bits.
  NA_DEVICE void raise_maxima(const Row& probabilities, i32 first_key) const {
    if (params.block_side % 16 == 0) {
      raise_squares(probabilities, first_key);
    } else {
      raise_each(probabilities, first_key);
    }
  }

  // The 16 x 16 scores of a warp and two key tiles lie in one block.
  NA_DEVICE void raise_squares(const Row& probabilities, i32 first_key) const {
    u32* const rows = blocks_of(problem.first_query + static_cast<i32>(first_row));
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; n += 2) {
      u32 most = 0;
      NA_UNROLL
      for (u32 i = 0; i < 4; ++i) {
        most = max_of(most, __builtin_bit_cast(u32, probabilities[n][i]));
        most = max_of(most, __builtin_bit_cast(u32, probabilities[n + 1][i]));
      }
      most = warp::warp_max(most);
      if (most != 0 && lane == 0) {
        thread::raise(rows + block_column(first_key + static_cast<i32>(8 * n)), most);
      }
    }
  }

  NA_DEVICE void raise_each(const Row& probabilities, i32 first_key) const {
    u32* const rows[2] = {blocks_of(query_of(0)), blocks_of(query_of(1))};
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      NA_UNROLL
      for (u32 i = 0; i < 2; ++i) {
        const u32 column = block_column(first_key + static_cast<i32>(8 * n + 2 * (lane & 3u) + i));
        NA_UNROLL
        for (u32 half = 0; half < 2; ++half) {
          const u32 bits = __builtin_bit_cast(u32, probabilities[n][2 * half + i]);
          if (bits != 0) {  // which says that query and key exist
            thread::raise(rows[half] + column, bits);
          }
        }
      }
    }
  }

  // The blocks of a query, and which of them a key belongs to.
  NA_DEVICE u32* blocks_of(i32 query) const {
    const u32 side = static_cast<u32>(params.block_side);
    const i64 row = head() * ceil_div<u32>(dense().query_length, side) + static_cast<u32>(query) / side;
    return params.block_maxima + row * ceil_div<u32>(dense().key_length, side);
  }

  NA_DEVICE u32 block_column(i32 key) const { return static_cast<u32>(key) / static_cast<u32>(params.block_side); }

  NA_DEVICE void finish_rows() const {
    if (params.row_entropy == nullptr) {
      return;
    }
    NA_UNROLL
    for (u32 half = 0; half < 2; ++half) {
      const f32 bits = warp::quad_sum(entropy[half]);
      if (has(query_of(half)) && (lane & 3u) == 0) {
        params.row_entropy[head() * dense().query_length + query_of(half)] = bits * kLn2;
      }
    }
  }

  // The lanes of a warp that have a column, then the warps.
  NA_DEVICE void finish_columns(i32 first_key) const {
    if (params.column_sums == nullptr) {
      return;
    }
    block::synchronize();  // all are done with the last slice
    const u32 own = query_tile + (thread / 32 * Config::kBlockN + 2 * (lane & 3u)) * sizeof(f32);
    NA_UNROLL
    for (u32 n = 0; n < kKeyTiles; ++n) {
      NA_UNROLL
      for (u32 i = 0; i < 2; ++i) {
        const f32 sum = warp::column_sum(sums[n][i]);
        if (lane < 4) {
          block::store_f32(own + (8 * n + i) * sizeof(f32), sum);
        }
      }
    }
    block::synchronize();
    const i32 key = first_key + static_cast<i32>(thread);
    if (thread < Config::kBlockN && key < dense().key_length) {
      f32 sum = 0.0f;
      NA_UNROLL
      for (u32 w = 0; w < Config::kWarps; ++w) {
        sum += block::load_f32(query_tile + (w * Config::kBlockN + thread) * sizeof(f32));
      }
      params.column_sums[head() * dense().key_length + key] = sum;
    }
  }
};

}  // namespace na
