#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "server/pipeline/array/two_pass_cell.h"
#include "server/pipeline/program.h"

namespace recurd::array {

// A model whose recurrent layers are computed by an array, layer by layer, each over all steps of a run: no layer may
// depend on what a later one made of the step before, and in an imported model none does.
// For each layer in turn: Collect; the array computes the layer's states; then Finish.
class TwoPassProgram {
 public:
  using MakeCell = std::function<std::unique_ptr<TwoPassCell>(const RecurrentOp&)>;

  // Precondition: as Program's.
  TwoPassProgram(const Model& model, const Kernels& kernels, const MakeCell& make_cell);

  size_t layer_count() const { return layers_.size(); }
  TwoPassCell& layer(size_t layer) { return *layers_[layer]; }

  // Fills the layer's rows. Its state then is the run's.
  void Collect(size_t layer, const Run& run);
  // Outputs and next state.
  void Finish(const Run& run);

 private:
  CellFactory Remember(const MakeCell& make_cell);

  const int input_size_;
  std::vector<TwoPassCell*> layers_;  // the program's cells
  Program program_;
};

}  // namespace recurd::array
