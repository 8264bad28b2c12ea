#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "server/model/model.h"
#include "server/numeric/kernels.h"
#include "server/numeric/packed.h"
#include "server/pipeline/pipeline.h"
#include "server/pipeline/recurrent_cell.h"

namespace recurd {

// A model's step as the serving thread runs it: packed weights and operators with every address resolved, over frames
// that are allocated here and nowhere else. A few steps go through the operators together, each in a frame of its own,
// so that a matrix is read once for several: only a layer's own steps wait for each other. Recurrent layers are cells
// that a pipeline makes; all else is the processor's. A model that has passes is a SequenceProgram's.
// Threads: one at a time. Allocates: in the constructor only, as far as its cells do.
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

  // A pass's steps, on rows that begin `stride` floats apart: each takes up columns of its row and writes others. Those
  // without a time axis are the last step's, written if the pass ends with it.
  void Walk(float* rows, ptrdiff_t stride, int steps, bool is_end);
  // Absorbs one input row as far as the cell's own step.
  void StepThrough(size_t cell, const float* inputs);

 private:
  struct Op {
    enum class Code { kDense, kCell, kAccumulate, kUnary, kBinary, kReduce, kRepeat, kCopy };
    Code code;
    const float* a = nullptr;
    const float* b = nullptr;
    float* out = nullptr;
    int a_size = 0, b_size = 0, out_size = 0;
    int index = 0;  // into matrices_, cells_ or sums_
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
  struct Cell {
    std::unique_ptr<RecurrentCell> cell;
    size_t end = 0;           // of ops_, as far as its own
    std::vector<Copy> shown;  // from its state to the frame, after each step; row_offset: where in the frame
  };
  // Some of the frames.
  struct Frames {
    int first, stride, count;
  };
  class Builder;

  void AddState(const Model& model, const CellFactory& make_cell);
  void AddCell(const RecurrentOp& op, const CellFactory& make_cell);
  // As many rows as there are frames at most.
  void TakeRows(const float* rows, ptrdiff_t stride, int steps);
  void WriteRows(const std::vector<Copy>& outputs, const Frames& frames, float* rows, ptrdiff_t stride) const;
  void RunOps(size_t begin, size_t end, const Frames& frames);
  void RunDense(const Op& op, const Frames& frames);
  void RunCell(const Op& op, const Frames& frames);
  void RunInFrame(const Op& op, ptrdiff_t frame);

  const Kernels& kernels_;
  const ptrdiff_t frame_size_;
  const int frame_count_;
  AlignedFloats frames_;   // operators' addresses are in the first one
  AlignedFloats product_;  // dense products, padded to whole vectors
  std::vector<PackedMatrix> matrices_;
  std::vector<Cell> cells_;
  std::vector<AlignedFloats> sums_;  // of AccumulateOps
  std::vector<Copy> inputs_, outputs_, state_;
  std::vector<Copy> each_step_outputs_;  // those with a time axis
  std::vector<Op> ops_;
  size_t state_op_count_ = 0;  // of ops_: one operator of the model may be several here
  int input_size_, output_size_;
};

}  // namespace recurd
