// One row of a tensor: the head dim elements of one token in one head.
#pragma once

#include "na/base/config.h"
#include "na/base/tensor_ref.h"

namespace na {

struct TensorRow {
  u32 batch;
  u32 sequence;
  u32 head;

  template <class Element>
  NA_DEVICE const Element* in(const TensorRef& tensor) const {
    return static_cast<const Element*>(tensor.data) + offset(tensor);
  }

  template <class Element>
  NA_DEVICE Element* in(const MutableTensorRef& tensor) const {
    return static_cast<Element*>(tensor.data) + offset(tensor);
  }

 private:
  template <class Ref>
  NA_DEVICE i64 offset(const Ref& tensor) const {
    return batch * tensor.batch_stride + sequence * tensor.sequence_stride + head * tensor.head_stride;
  }
};

}  // namespace na
