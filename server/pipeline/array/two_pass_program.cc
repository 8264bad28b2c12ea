#include "server/pipeline/array/two_pass_program.h"

#include <utility>

#include "server/numeric/denormals.h"

namespace recurd::array {

TwoPassProgram::TwoPassProgram(const Model& model, const Kernels& kernels, const MakeCell& make_cell)
    : input_size_(model.input_size), program_(model, kernels, Remember(make_cell)) {}

CellFactory TwoPassProgram::Remember(const MakeCell& make_cell) {
  return [this, make_cell](const RecurrentOp& op) {
    auto cell = make_cell(op);
    layers_.push_back(cell.get());
    return cell;
  };
}

void TwoPassProgram::Collect(size_t layer, const Run& run) {
  const ScopedFlushToZero flush;
  program_.LoadState(run.state);
  for (size_t below = 0; below < layer; ++below) layers_[below]->Replay();
  layers_[layer]->Collect();
  for (int step = 0; step < run.steps; ++step) {
    program_.StepThrough(layer, run.inputs + static_cast<ptrdiff_t>(step) * input_size_);
  }
}

void TwoPassProgram::Finish(const Run& run) {
  for (TwoPassCell* cell : layers_) cell->Replay();
  program_.Execute(run);
}

}  // namespace recurd::array
