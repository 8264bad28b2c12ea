#pragma once

#include <memory>
#include <vector>

#include "server/model/model.h"
#include "server/numeric/kernels.h"
#include "server/numeric/packed.h"
#include "server/pipeline/pipeline.h"
#include "server/pipeline/recurrent_cell.h"

namespace recurd {

// A model's step as the serving thread runs it: packed weights and operators with every address resolved, over one
// frame that is allocated here and nowhere else. Recurrent layers are cells that a pipeline makes; all else is the
// processor's. Threads: one at a time. Allocates: in the constructor only, as far as its cells do.
// Precondition: ValidateModel(model) is OK.
class Program {
 public:
  // Keeps no reference to `model`. Makes the cells in the order of the model's operators.
  Program(const Model& model, const Kernels& kernels, const CellFactory& make_cell);
  // Its operators hold addresses of its own buffers.
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // All of a run, with denormals flushed.
  void Execute(const Run& run);

  // The layers' state, from and to the model's layout.
  void LoadState(const float* state);
  void StoreState(float* state) const;

  // Absorbs one input row. With `outputs` null, only the operators that the next state needs are run; otherwise all,
  // and the output row is written.
  void Step(const float* inputs, float* outputs);
  // As Step without outputs, but ends with the cell's own step.
  void StepThrough(size_t cell, const float* inputs);

 private:
  struct Op {
    enum class Code { kDense, kCell, kUnary, kBinary, kReduce, kRepeat, kCopy };
    Code code;
    const float* a = nullptr;
    const float* b = nullptr;
    float* out = nullptr;
    int a_size = 0, b_size = 0, out_size = 0;
    int index = 0;  // into matrices_
    RecurrentCell* cell = nullptr;
    Activation function;
    BinaryKind binary = BinaryKind::kAdd;
    ReduceKind reduce = ReduceKind::kSum;
  };
  // A copy between a row and the frame, or between the state and a layer.
  struct Copy {
    int row_offset;
    float* at;
    int size;
  };
  class Builder;

  void AddCell(const RecurrentOp& op, const CellFactory& make_cell);
  void RunOps(const float* inputs, size_t count);
  void RunOp(const Op& op);

  const Kernels& kernels_;
  AlignedFloats frame_;
  AlignedFloats product_;  // a dense product, padded to whole vectors
  std::vector<PackedMatrix> matrices_;
  std::vector<std::unique_ptr<RecurrentCell>> cells_;
  std::vector<Copy> inputs_, outputs_, state_;
  std::vector<Op> ops_;
  size_t state_op_count_ = 0;      // of ops_: one operator of the model may be several here
  std::vector<size_t> cell_ends_;  // of ops_, as far as each cell's
  int input_size_, output_size_;
};

}  // namespace recurd
