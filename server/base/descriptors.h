#pragma once

#include <cstdint>

namespace recurd {

// How many file descriptors this process may have open, after raising its soft limit to `wanted` where the hard limit
// lets it. Changes nothing where enough are allowed already.
int64_t RaiseDescriptorLimit(int64_t wanted);

}  // namespace recurd
