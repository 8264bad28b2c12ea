#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "server/pipeline/program.h"

namespace recurd {

// A model that has passes, as the serving thread runs it: one Program a pass. Threads, allocations: as Program.
// Precondition: ValidateModel(model) is OK. One that streams has none, and nothing to execute.
class SequenceProgram {
 public:
  // Keeps a reference to `model`. Makes the cells pass by pass, in the order of each pass's operators.
  SequenceProgram(const Model& model, const Kernels& kernels, const CellFactory& make_cell);

  // One slice of one pass (Run::slice), with denormals flushed. The slice that ends a pass also copies its finals to
  // all rows, and the last of all writes the outputs.
  void Execute(const Run& run);

 private:
  void EndPass(const Pass& pass, const PassSlice& slice) const;
  void WriteOutputs(const Run& run) const;

  const Model& model_;
  std::vector<std::unique_ptr<Program>> passes_;
};

// Takes a whole sequence through all passes by `execute`, in slices of at most `slice_steps`. Of `run`, `steps` are all
// of the sequence, and inputs, outputs and selection its; slice is ignored. Allocates.
void RunWholeSequence(const Model& model, const Run& run, int slice_steps,
                      const std::function<void(const Run&)>& execute);

}  // namespace recurd
