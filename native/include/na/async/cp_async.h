// Asynchronous copies from global to shared memory (sm_80 and later): issue, group, wait.
//
// A copy is visible to its own thread after the wait for its group, to others after a block barrier on top.
#pragma once

#include "na/base/config.h"

namespace na {

// Copies `valid_bytes` (0 or 16) of 16 bytes and fills the rest with zeros. Both addresses are 16-byte aligned; the
// source is not read where valid_bytes is 0.
NA_DEVICE void cp_async_16(u32 shared_address, const void* source, u32 valid_bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"(shared_address), "l"(source), "r"(valid_bytes)
               : "memory");
}

// The same with 8 bytes, 8-byte aligned.
NA_DEVICE void cp_async_8(u32 shared_address, const void* source, u32 valid_bytes) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;"
               :
               : "r"(shared_address), "l"(source), "r"(valid_bytes)
               : "memory");
}

NA_DEVICE void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most kPending of the newest groups of this thread are still in flight.
template <u32 kPending>
NA_DEVICE void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace na
