#pragma once

#include <string>

namespace recurd::bench {

// Where and when: the processor's name, its caches, the kernels' target, the load average and the date, a line each.
std::string DescribeMachine();

}  // namespace recurd::bench
