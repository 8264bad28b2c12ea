#ifndef RECURD_HW_EMU_LANES_WEIGHTS_H_
#define RECURD_HW_EMU_LANES_WEIGHTS_H_

#include <vector>

#include "hw/config/lanes.h"
#include "hw/emu/gru_weights.h"

namespace recurd {
namespace emu {

// One weight set of a layer as the tiles of the lanes mapping take it. Layers come as GruWeights, with the gates of
// LaneCell: an LSTM has four of them, i, f, o, g. What LaneNumerics::kLut multiplies by the table's entries per unit is
// multiplied here, rounded to float; the table's middle is added to the bias that W x gets.
class LanesWeights {
 public:
  LanesWeights(const GruWeights& weights, hw::LaneCell cell, hw::LaneNumerics numerics)
      : weights_(weights), cell_(cell), lut_(numerics == hw::LaneNumerics::kLut) {}

  float Input(int gate, int row, int column) const { return Scale(gate) * weights_.InputRow(gate, row)[column]; }
  float Recurrent(int gate, int row, int column) const {
    return Scale(gate) * weights_.RecurrentRow(gate, row)[column];
  }
  float Bias(int gate, int row) const {
    const float scaled = Scale(gate) * weights_.bias[gate * weights_.hidden_size + row];
    return lut_ ? scaled + hw::kLutMiddle : scaled;
  }
  // Of U h, for the candidate of a GRU with the reset behind the matrix; zero elsewhere.
  float RecurrentBias(int gate, int row) const {
    const bool apart = cell_ == hw::LaneCell::kGruAfter && gate == hw::LaneCandidate(cell_);
    return apart ? Scale(gate) * weights_.recurrent_bias[row] : 0.0f;
  }

  // Appends the rows of eight from 8 * block on of columns begin..end - 1 of W, or of U: [columns][8], padded.
  void AppendColumns(int gate, int block, bool recurrent, int begin, int end, std::vector<float>* to) const {
    const int columns = recurrent ? weights_.hidden_size : weights_.input_size;
    for (int column = begin; column < end; ++column) {
      for (int row = 8 * block; row < 8 * block + 8; ++row) {
        const bool exists = row < weights_.hidden_size && column < columns;
        to->push_back(!exists ? 0.0f : recurrent ? Recurrent(gate, row, column) : Input(gate, row, column));
      }
    }
  }
  void AppendBias(int gate, int block, bool recurrent, std::vector<float>* to) const {
    for (int row = 8 * block; row < 8 * block + 8; ++row) {
      to->push_back(row >= weights_.hidden_size ? 0.0f : recurrent ? RecurrentBias(gate, row) : Bias(gate, row));
    }
  }

 private:
  float Scale(int gate) const {
    if (!lut_) return 1.0f;
    return hw::LutScale(gate == hw::LaneCandidate(cell_) ? hw::kTanhRange : hw::kSigmoidRange);
  }

  const GruWeights& weights_;
  const hw::LaneCell cell_;
  const bool lut_;
};

}  // namespace emu
}  // namespace recurd

#endif  // RECURD_HW_EMU_LANES_WEIGHTS_H_
