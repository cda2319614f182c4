// A few neighbouring elements of a row as f32: one element, or whole 16-byte words where addresses are multiples
// of 16.
#pragma once

#include "na/math/element.h"
#include "na/op/thread/load.h"
#include "na/op/thread/store.h"

namespace na::thread {

// Elements of type Element that fill 16 bytes.
template <class Element>
constexpr u32 kVectorLength = 16 / sizeof(Element);

template <class Element>
NA_DEVICE void load_chunk(f32 (&x)[1], const Element* from) {
  x[0] = widen(*from);
}

template <class Element>
NA_DEVICE void store_chunk(Element* to, const f32 (&x)[1]) {
  *to = narrow<Element>(x[0]);
}

NA_DEVICE void widen_word(f32* x, u32 word, const f32*) { x[0] = __builtin_bit_cast(f32, word); }

template <class Narrow>
NA_DEVICE void widen_word(f32* x, u32 word, const Narrow*) {
  x[0] = widen(Narrow{static_cast<u16>(word)});
  x[1] = widen(Narrow{static_cast<u16>(word >> 16)});
}

NA_DEVICE u32 narrow_word(const f32* x, const f32*) { return __builtin_bit_cast(u32, x[0]); }

template <class Narrow>
NA_DEVICE u32 narrow_word(const f32* x, const Narrow*) {
  return narrow_pair<Narrow>(x[0], x[1]);
}

template <class Element, u32 kCount>
NA_DEVICE void load_chunk(f32 (&x)[kCount], const Element* from) {
  static_assert(kCount % kVectorLength<Element> == 0, "whole 16-byte words");
  constexpr u32 kPerWord = 4 / sizeof(Element);
  NA_UNROLL
  for (u32 i = 0; i < kCount; i += kVectorLength<Element>) {
    u32 words[4];
    load_global_16(words, reinterpret_cast<u64>(from + i));
    NA_UNROLL
    for (u32 w = 0; w < 4; ++w) {
      widen_word(x + i + w * kPerWord, words[w], from);
    }
  }
}

template <class Element, u32 kCount>
NA_DEVICE void store_chunk(Element* to, const f32 (&x)[kCount]) {
  static_assert(kCount % kVectorLength<Element> == 0, "whole 16-byte words");
  constexpr u32 kPerWord = 4 / sizeof(Element);
  NA_UNROLL
  for (u32 i = 0; i < kCount; i += kVectorLength<Element>) {
    u32 words[4];
    NA_UNROLL
    for (u32 w = 0; w < 4; ++w) {
      words[w] = narrow_word(x + i + w * kPerWord, to);
    }
    store_global_16(reinterpret_cast<u64>(to + i), words);
  }
}

}  // namespace na::thread
