// Shared memory by 32-bit address, as the asynchronous and matrix instructions want it.
#pragma once

#include "na/base/config.h"

namespace na::block {

NA_DEVICE u32 shared_address(const void* generic) {
  u32 address;
  asm("{ .reg .u64 wide; cvta.to.shared.u64 wide, %1; cvt.u32.u64 %0, wide; }" : "=r"(address) : "l"(generic));
  return address;
}

NA_DEVICE void store_chunk(u32 address, const u32 (&words)[4]) {
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};"
               :
               : "r"(address), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3])
               : "memory");
}

NA_DEVICE void load_f32x4(f32 (&values)[4], u32 address) {
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(values[0]), "=f"(values[1]), "=f"(values[2]), "=f"(values[3])
               : "r"(address)
               : "memory");
}

NA_DEVICE f32 load_f32(u32 address) {
  f32 value;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(value) : "r"(address) : "memory");
  return value;
}

NA_DEVICE void store_f32(u32 address, f32 value) {
  asm volatile("st.shared.f32 [%0], %1;" : : "r"(address), "f"(value) : "memory");
}

}  // namespace na::block
