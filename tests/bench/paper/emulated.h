#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "hw/emu/gru_system.h"
#include "tests/unit/hw/count_aggregator.h"
#include "tests/unit/hw/count_sort_rows.h"

namespace recurd::bench {

// The sizes of Table 1 of arXiv 2511.15626, and of its Figure 3 as far as the text names them.
inline constexpr int kHiddenSizes[] = {20, 24, 28, 32};
inline constexpr int kInputSizes[] = {8, 16, 32, 64, 128, 256, 512};

// The paper's layer in the emulator, at one hidden size; reset before the matrix.
struct Emulated {
  int hidden_size;
  // Precondition: input_size is one of kInputSizes.
  absl::StatusOr<std::unique_ptr<emu::GruSystem>> (*make)(hw::Mapping mapping, int input_size,
                                                          const hw::Timing& timing);
  // The hybrid's PL kernel alone.
  emu::AggregatorCycles (*count_pl_kernel)();
  // An aggregator tile of `aie` alone.
  emu::SortedRows (*count_aggregator_tile)();
};

// One file is compiled for each hidden size.
template <int hidden>
Emulated EmulatedAt();
template <>
Emulated EmulatedAt<20>();
template <>
Emulated EmulatedAt<24>();
template <>
Emulated EmulatedAt<28>();
template <>
Emulated EmulatedAt<32>();

// In the order of kHiddenSizes.
inline std::vector<Emulated> AllEmulated() {
  return {EmulatedAt<20>(), EmulatedAt<24>(), EmulatedAt<28>(), EmulatedAt<32>()};
}

}  // namespace recurd::bench
