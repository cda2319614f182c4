// What one block works on: a tile of queries of one head of one sequence.
//
// Blocks are numbered query tile fastest, then head, then batch; the last query tile comes first because under a
// causal mask it has the most keys to visit.
#pragma once

#include "na/attention/params.h"
#include "na/base/builtins.h"
#include "na/mask/band.h"

namespace na {

struct BlockProblem {
  i32 batch;
  i32 query_head;
  i32 key_value_head;
  i32 first_query;
  i32 query_count;  // 1..kBlockM

  template <u32 kBlockM>
  static NA_DEVICE BlockProblem of_block(const DenseForwardParams& p) {
    const u32 tiles = ceil_div<u32>(p.query_length, kBlockM);
    const u32 head_and_batch = block_index() / tiles;
    const u32 tile = tiles - 1 - block_index() % tiles;
    BlockProblem problem;
    problem.batch = static_cast<i32>(head_and_batch / p.query_heads);
    problem.query_head = static_cast<i32>(head_and_batch % p.query_heads);
    problem.key_value_head = problem.query_head / (p.query_heads / p.key_value_heads);
    problem.first_query = static_cast<i32>(tile * kBlockM);
    problem.query_count = min_of<i32>(kBlockM, p.query_length - problem.first_query);
    return problem;
  }

  // Element 0 of row `row` of a tensor's head.
  template <class Element, class Ref>
  static NA_DEVICE auto row_pointer(const Ref& tensor, i32 batch, i64 row, i32 head) {
    const i64 offset = batch * tensor.batch_stride + row * tensor.sequence_stride + head * tensor.head_stride;
    return as_elements<Element>(tensor.data) + offset;
  }

  // Where the LSE of a query of this head goes: [batch, query_heads, Sq].
  NA_DEVICE f32* lse_row(const DenseForwardParams& p, i32 query) const {
    return p.lse + (static_cast<i64>(batch) * p.query_heads + query_head) * p.query_length + query;
  }

 private:
  template <class Element>
  static NA_DEVICE const Element* as_elements(const void* data) {
    return static_cast<const Element*>(data);
  }

  template <class Element>
  static NA_DEVICE Element* as_elements(void* data) {
    return static_cast<Element*>(data);
  }
};

}  // namespace na
