// Nothing: what a launch costs.
#include "probe.h"

NA_ENTRY(NA_PROBE_THREADS, 1) NA_PROBE_ENTRY(na::ProbeParams) {}
