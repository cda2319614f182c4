// Parameters of family `neighborhood`; see na/base/tensor_ref.h for the rules of parameter structs.
//
// A pass owns the rows of a map and visits columns: forward owns queries and visits keys, and so may a pass of the
// backward or the other way round. Nothing here knows windows, strides, dilations, causal axes or edges: an axis is a
// table of intervals. A map has three axes, the slowest first, and maps of fewer axes have extents of 1 in front.
#pragma once

#include "na/attention/params.h"
#include "na/base/tensor_ref.h"

namespace na {

// One number for each axis.
struct MapExtents {
  i32 z;
  i32 y;
  i32 x;
};

// A box of a tile, the numbers of its tokens being row-major: extents as powers of two.
struct MapBox {
  u32 log2_z;
  u32 log2_y;
  u32 log2_x;
};

// Where the tokens of a section lie: token (z, y, x) is number origin + z * this.z + y * this.y + x * this.x.
struct MapSteps {
  i32 origin;
  i32 z;
  i32 y;
  i32 x;
};

// Columns [begin, end) of one row along one axis. Neither bound falls from one row to the next. On a ring they are
// unrolled, in [-length, 2 length]: column c stands for c modulo the length.
struct alignas(8) MapInterval {
  i32 begin;
  i32 end;
};

// A box of rows and a box of columns that tiles never leave, such as one dilation class of one sample.
struct TiledSection {
  MapSteps row_steps;
  MapSteps column_steps;
  MapExtents rows;
  MapExtents columns;
  MapExtents tables;  // intervals[tables.x + i] is the interval of row i of the last axis, and so on
  i32 first_tile;     // number of the section's first tile of rows; its tiles are row-major
  i32 tiles_y;        // tiles of rows along the axis
  i32 tiles_x;
  i32 sample;  // of a ragged batch
};

// A map as one pass sees it. Row r sees column c iff c lies in r's interval on every axis and, unless most_distance
// is negative, the squares of c - r sum up to at most most_distance.
struct MapTiling {
  const TiledSection* sections;
  const MapInterval* intervals;
  const i32* heads;   // the heads that the map is for
  i32 section_count;  // sections ascend by first_tile; those without tiles come before the next one's
  i32 tile_count;     // of all sections
  i32 head_count;
  i32 most_distance;
  MapBox row_box;
  MapBox column_box;  // last extent at least 8
};

// Forward attention of family `neighborhood`. A token's sequence_stride is that of tokens. Sample = batch index +
// section's sample. Grid: x = tile_count * head_count * batch blocks, tile fastest, then head, then batch.
struct NeighborhoodParams {
  TensorRef query;          // [batch, query tokens, query heads, head_dim]
  TensorRef key;            // [batch, key tokens, key/value heads, head_dim]
  TensorRef value;          // [batch, key tokens, key/value heads, value_head_dim]
  MutableTensorRef output;  // [batch, query tokens, query heads, value_head_dim]
  TensorRef extra_key;      // [samples, extra_keys, key/value heads, head_dim]: every query of the sample sees them
  TensorRef extra_value;    // [samples, extra_keys, key/value heads, value_head_dim]
  MapTiling map;            // rows are queries, columns keys
  f32* lse;                 // natural log; null when not wanted
  i64 lse_batch_stride;
  i64 lse_token_stride;
  i64 lse_head_stride;
  const f32* bias;  // natural units, [query heads, product of 2 w - 1], index key - query + w - 1; or null
  i64 bias_head_stride;
  MapExtents bias_windows;  // w
  i32 head_group;           // query heads of one key/value head
  i32 head_dim;
  i32 value_head_dim;
  i32 extra_keys;
  f32 scale;  // factor on every product, natural units; any finite value
  u32 flags;  // DenseFlags; vector loads promise it of the extra tensors, too
  u32 reserved;
};

static_assert(sizeof(MapInterval) == 8 && sizeof(TiledSection) == 84, "tables are written by the host");
static_assert(sizeof(MapTiling) == 64, "layout is part of the launch contract");
static_assert(sizeof(NeighborhoodParams) == 344, "layout is part of the launch contract");
static_assert(sizeof(NeighborhoodParams) <= 4096, "kernel parameters are limited to 4,096 bytes");

}  // namespace na
