#pragma once

#include <string>

#include "hw/emu/placement.h"
#include "server/model/model.h"

namespace recurd::array {

// A recurrent layer of a model as the array takes it.

// Why a mapping that has ONNX's default GRUs only can't compute the layer, whatever its size; empty if it can. The
// array has those activations and no others, and clips nothing.
std::string ObjectionToGru(const RecurrentOp& op);
// The same for a mapping that has LSTMs too.
std::string ObjectionToGruOrLstm(const RecurrentOp& op);

// Precondition of both: ObjectionToGruOrLstm(op) is empty.
emu::LayerShape ShapeOf(const RecurrentOp& op);
emu::GruWeights WeightsOf(const RecurrentOp& op);

}  // namespace recurd::array
