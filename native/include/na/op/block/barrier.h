// The barrier of all threads of a block.
#pragma once

#include "na/base/config.h"

namespace na::block {

NA_DEVICE void synchronize() { asm volatile("bar.sync 0;" ::: "memory"); }

}  // namespace na::block
