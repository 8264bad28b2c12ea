#ifndef RECURD_HW_AIE_GRAPHS_GRU_CONFIG_H_
#define RECURD_HW_AIE_GRAPHS_GRU_CONFIG_H_

#include "hw/config/contract.h"
#include "hw/config/geometry.h"

namespace recurd {
namespace hw {

// Where the reset gate acts: on the state before the candidate's matrix (the paper; Keras reset_after=False, ONNX
// linear_before_reset=0), or on the product (PyTorch, cuDNN).
enum class Reset { kBefore, kAfter };

// One GRU layer on the array. C++17.
template <int hidden_size, int input_size, Reset reset_place, int weight_sets = 2>
struct GruConfig {
  static constexpr int kHidden = hidden_size;
  static constexpr int kInput = input_size;
  static constexpr int kHiddenWords = PaddedWords(hidden_size);
  static constexpr int kInputWords = PaddedWords(input_size);
  static constexpr Reset kReset = reset_place;
  static constexpr int kSets = weight_sets;
  // Of the row-wise mappings: groups of rows, each with tiles of its own, and the rows of a group.
  static constexpr int kGroupRows = RowReuse(hidden_size);
  static constexpr int kGroups = hidden_size / kGroupRows;
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_AIE_GRAPHS_GRU_CONFIG_H_
