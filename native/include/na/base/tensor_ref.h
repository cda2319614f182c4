// What the parameter structs of the kernels are made of.
//
// Every family has one struct, passed by value, at most 4,096 bytes, in its own params.h. The C# twins are generated
// from clang's record layouts of all na/*/params.h (bindings/NativeAttention.Bindings.Generator) and checked in; the
// build fails when they are stale. Rules: fixed-width fields, largest first, no implicit padding, strides in elements
// and 64-bit, device pointers as pointers.
#pragma once

#include "na/base/ints.h"

namespace na {

// Where the elements of one operand lie: base address and strides in elements; the innermost stride is 1.
struct TensorRef {
  const void* data;
  i64 batch_stride;
  i64 sequence_stride;
  i64 head_stride;
};

// As TensorRef, for the tensor the kernel writes.
struct MutableTensorRef {
  void* data;
  i64 batch_stride;
  i64 sequence_stride;
  i64 head_stride;
};

// Where the entries of an optional operand lie, [batch, heads, queries, keys]; an axis that it lacks has stride 0,
// and so has one along which it repeats. `data` is null when there is no such operand.
struct OperandRef {
  const void* data;
  i64 batch_stride;
  i64 head_stride;
  i64 query_stride;
  i64 key_stride;
};

static_assert(sizeof(TensorRef) == 32, "layout is part of the launch contract");
static_assert(sizeof(OperandRef) == 40, "layout is part of the launch contract");

}  // namespace na
