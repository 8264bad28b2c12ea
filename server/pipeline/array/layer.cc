#include "server/pipeline/array/layer.h"

#include <vector>

namespace recurd::array {
namespace {

// The gates of ONNX's order at each place of the array's (hw/config/lanes.h): GRU z r h to r z n, LSTM i o f c to i f o
// g.
std::vector<int> OnnxGates(const RecurrentOp& op) {
  return op.cell == CellKind::kLstm ? std::vector<int>{0, 2, 1, 3} : std::vector<int>{1, 0, 2};
}

void AppendBlock(const std::vector<float>& from, int block, int size, std::vector<float>* to) {
  const auto begin = from.begin() + static_cast<ptrdiff_t>(block) * size;
  to->insert(to->end(), begin, begin + size);
}

bool HasDefaultActivations(const RecurrentOp& op) {
  for (size_t i = 0; i < op.activations.size(); ++i) {
    if (op.activations[i].kind != (i == 0 ? UnaryKind::kSigmoid : UnaryKind::kTanh)) return false;
  }
  return true;
}

}  // namespace

std::string ObjectionToGru(const RecurrentOp& op) {
  return op.cell == CellKind::kLstm ? "it is an LSTM, not a GRU" : ObjectionToGruOrLstm(op);
}

std::string ObjectionToGruOrLstm(const RecurrentOp& op) {
  if (op.cell == CellKind::kRnn) return "it is a plain RNN layer, and the array has none";
  if (op.clip != 0) return "it clips its gates";
  if (!HasDefaultActivations(op)) return "its activations are not Sigmoid and Tanh";
  if (!op.peepholes.empty()) return "it has peepholes";
  if (op.input_forget) return "it couples its input and forget gates";
  return "";
}

emu::LayerShape ShapeOf(const RecurrentOp& op) {
  return {op.out.size, op.in.size,
          op.cell == CellKind::kLstm ? hw::LaneCell::kLstm
          : op.linear_before_reset   ? hw::LaneCell::kGruAfter
                                     : hw::LaneCell::kGruBefore};
}

emu::GruWeights WeightsOf(const RecurrentOp& op) {
  const int hidden = op.out.size, input = op.in.size;
  const std::vector<int> onnx_gates = OnnxGates(op);
  emu::GruWeights weights;
  weights.hidden_size = hidden;
  weights.input_size = input;
  for (size_t gate = 0; gate < onnx_gates.size(); ++gate) {
    const int block = onnx_gates[gate];
    AppendBlock(op.input_weights.values, block, hidden * input, &weights.input);
    AppendBlock(op.recurrent_weights.values, block, hidden * hidden, &weights.recurrent);
    AppendBlock(op.input_bias, block, hidden, &weights.bias);
    if (op.cell == CellKind::kGru && op.linear_before_reset && gate == hw::kGateNew) continue;
    for (int row = 0; row < hidden; ++row) {
      weights.bias[gate * hidden + row] += op.recurrent_bias[block * hidden + row];
    }
  }
  AppendBlock(op.recurrent_bias, onnx_gates[hw::kGateNew], hidden, &weights.recurrent_bias);
  return weights;
}

}  // namespace recurd::array
