// Fixed-width integers without any standard header, so that the same source builds for a host layout dump, for
// clang without CUDA headers, and for nvcc.
#pragma once

namespace na {

using i8 = signed char;
using u8 = unsigned char;
using i16 = short;
using u16 = unsigned short;
using i32 = int;
using u32 = unsigned int;
using i64 = long long;
using u64 = unsigned long long;
using f32 = float;

static_assert(sizeof(i32) == 4 && sizeof(i64) == 8 && sizeof(f32) == 4 && sizeof(void*) == 8, "64-bit targets only");

}  // namespace na
