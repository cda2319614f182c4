// The barrier of all lanes of a warp.
#pragma once

#include "na/base/config.h"

namespace na::warp {

NA_DEVICE void synchronize() { asm volatile("bar.warp.sync 0xffffffff;" ::: "memory"); }

}  // namespace na::warp
