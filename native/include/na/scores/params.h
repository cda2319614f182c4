// Parameters of family `scores`; see na/base/tensor_ref.h for the rules of parameter structs.
#pragma once

#include "na/attention/params.h"

namespace na {

// Which scores are written, in the order in which they come to be. C# twin: ScoreStage.
constexpr u32 kScoreScaled = 0;         // scale * query_temperature * q.k
constexpr u32 kScoreSoftCapped = 1;     // after the soft cap
constexpr u32 kScoreMasked = 2;         // after all terms and masks: what is hidden is -inf
constexpr u32 kScoreProbabilities = 3;  // exp(score - log-sum-exp of the row): what is hidden is 0

// Bits of ScoreParams::flags.
enum ScoreFlags : u32 {
  // A block goes through all queries of a tile of keys, instead of through all keys of a tile of queries.
  kScoreByKeys = 1u << 0,
  // Base address and row bytes of the scores are multiples of one pair of elements.
  kScorePairStores = 1u << 1,
};

// Scores of attention, and statistics of its probabilities p. A null pointer is not wanted.
//
// Reads query and key of `attention` and, for probabilities and statistics, its log-sum-exp, which must be that of
// the same problem (null: neither is wanted). Value, output, gates and packed sequences are not looked at. Keys that
// a sequence has not are hidden at every stage. Column sums need kScoreByKeys, the entropy needs its absence. Any
// grid is right, since blocks stride over the tiles.
struct ScoreParams {
  DenseModifiedParams attention;
  void* scores;       // elements, [batch, query_heads, Sq, Sk] dense
  f32* column_sums;   // sum of p over the queries, [batch, query_heads, Sk] dense
  f32* row_entropy;   // -sum of p ln p over the keys, [batch, query_heads, Sq] dense
  u32* block_maxima;  // bits of the largest p of a square of keys and queries, [batch, query_heads, ceil(Sq / side),
                      // ceil(Sk / side)] dense; 0 before
  u32 stage;          // of the scores
  i32 block_side;     // 1 or more
  u32 flags;          // ScoreFlags
  u32 reserved;
};

static_assert(sizeof(ScoreParams) == 584, "layout is part of the launch contract");

}  // namespace na
