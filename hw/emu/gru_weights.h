#ifndef RECURD_HW_EMU_GRU_WEIGHTS_H_
#define RECURD_HW_EMU_GRU_WEIGHTS_H_

#include <vector>

#include "hw/config/contract.h"

namespace recurd {
namespace emu {

// One GRU layer as the mappings take it: gates in the order of hw::Gate (r, z, n), z keeping the old state.
// Shapes: input [3][hidden][input], recurrent [3][hidden][hidden], bias [3][hidden] (both biases added), recurrent_bias
// [hidden]: the candidate's own, where the reset gate comes after the matrix, and then not part of `bias`.
struct GruWeights {
  int hidden_size = 0;
  int input_size = 0;
  std::vector<float> input, recurrent, bias, recurrent_bias;

  const float* InputRow(int gate, int row) const { return &input[(gate * hidden_size + row) * input_size]; }
  const float* RecurrentRow(int gate, int row) const { return &recurrent[(gate * hidden_size + row) * hidden_size]; }
};

// Appends a row and zeros up to whole vectors.
inline void AppendPadded(const float* row, int count, std::vector<float>* to) {
  to->insert(to->end(), row, row + count);
  to->insert(to->end(), hw::PaddedWords(count) - count, 0.0f);
}

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_GRU_WEIGHTS_H_
