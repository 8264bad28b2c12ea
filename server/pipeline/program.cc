#include "server/pipeline/program.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "server/numeric/denormals.h"
#include "server/numeric/elementwise.h"

namespace recurd {
namespace {

void CopyFloats(const float* from, int size, float* to) { std::memcpy(to, from, size * sizeof(float)); }

// Whether an operator reads state that no layer before it has made in the same step. Imported models have none.
bool ReadsOldState(const Model& model) {
  std::vector<bool> is_made(static_cast<size_t>(model.state_size()), false);
  for (const Op& op : model.ops) {
    if (const auto* layer = std::get_if<RecurrentOp>(&op)) {
      const int size = (layer->cell == CellKind::kLstm ? 2 : 1) * layer->out.size;
      std::fill_n(is_made.begin() + layer->state_offset, size, true);
    }
    if (const auto* read = std::get_if<StateReadOp>(&op)) {
      const auto begin = is_made.begin() + read->state_offset;
      if (std::find(begin, begin + read->out.size, false) != begin + read->out.size) return true;
    }
  }
  return false;
}

// As many as stay in the second-level cache, beside the weights of a layer. What reads old state goes step by step.
int FrameCount(const Model& model) {
  constexpr int kMaxFloats = 1 << 16;
  if (ReadsOldState(model)) return 1;
  return std::clamp(kMaxFloats / std::max(model.frame_size, 1), 1, RecurrentCell::kMaxSteps);
}

}  // namespace

// Turns the model's operators into the program's.
class Program::Builder {
 public:
  explicit Builder(Program& program) : program_(program) {}

  void operator()(const DenseOp& op) {
    const float* bias = op.bias.empty() ? nullptr : op.bias.data();
    const int rows = op.matrix.rows, cols = op.matrix.cols;
    for (int i = 0; i < op.in.size / cols; ++i) {
      Op& added = Add(Op::Code::kDense, {op.in.offset + i * cols, cols}, {op.out.offset + i * rows, rows});
      added.index = static_cast<int>(program_.matrices_.size());
    }
    program_.matrices_.push_back(
        Pack(op.matrix.values.data(), bias, rows, cols, 1, program_.kernels_, op.matrix.storage));
    const size_t padded = program_.matrices_.back().padded_rows(program_.kernels_.lanes);
    const size_t size = padded * static_cast<size_t>(program_.frame_count_);
    if (size > program_.product_.size()) program_.product_ = AlignedFloats(size);
  }
  void operator()(const BinaryOp& op) {
    Op& added = Add(Op::Code::kBinary, op.a, op.out);
    added.binary = op.kind;
    added.b = At(op.b);
    added.b_size = op.b.size;
  }
  void operator()(const UnaryOp& op) { Add(Op::Code::kUnary, op.in, op.out).function = op.function; }
  void operator()(const ReduceOp& op) { Add(Op::Code::kReduce, op.in, op.out).reduce = op.kind; }
  void operator()(const RepeatOp& op) { Add(Op::Code::kRepeat, op.in, op.out); }
  void operator()(const CopyOp& op) { Add(Op::Code::kCopy, op.in, op.out); }
  void operator()(const RecurrentOp& op) {
    Add(Op::Code::kCell, op.in, op.out).index = next_cell_;
    program_.cells_[next_cell_++].end = program_.ops_.size();
  }
  void operator()(const AccumulateOp& op) {
    Op& added = Add(Op::Code::kAccumulate, op.in, op.out);
    added.binary = op.kind;
    added.index = next_sum_++;
  }
  // The state stands in the layers. One that has taken its step before shows what is read of it.
  void operator()(const StateReadOp& op) {
    const int begin = op.state_offset, end = begin + op.out.size;
    for (const Copy& piece : program_.state_) {
      const int from = std::max(begin, piece.row_offset), to = std::min(end, piece.row_offset + piece.size);
      if (from >= to) continue;
      const auto owner = std::find_if(program_.cells_.begin(), program_.cells_.end(), [&](const Cell& cell) {
        return piece.at == cell.cell->h() || piece.at == cell.cell->c();
      });
      const Span out{op.out.offset + from - begin, to - from};
      float* const at = piece.at + (from - piece.row_offset);
      if (owner - program_.cells_.begin() < next_cell_) {
        owner->shown.push_back({out.offset, at, out.size});
      } else {
        Add(Op::Code::kCopy, out, out).a = at;
      }
    }
  }

 private:
  float* At(Span span) { return program_.frames_.data() + span.offset; }

  Op& Add(Op::Code code, Span in, Span out) {
    return program_.ops_.emplace_back(
        Op{.code = code, .a = At(in), .out = At(out), .a_size = in.size, .out_size = out.size});
  }

  Program& program_;
  int next_cell_ = 0, next_sum_ = 0;
};

Program::Program(const Model& model, const Kernels& kernels, const CellFactory& make_cell)
    : kernels_(kernels),
      frame_size_(model.frame_size),
      frame_count_(FrameCount(model)),
      frames_(static_cast<size_t>(frame_size_ * frame_count_)),
      input_size_(model.input_size),
      output_size_(model.output_size) {
  for (const Model::Constant& constant : model.constants) {
    for (int frame = 0; frame < frame_count_; ++frame) {
      CopyFloats(constant.values.data(), constant.at.size, frames_.data() + frame * frame_size_ + constant.at.offset);
    }
  }
  for (const TensorSpec& input : model.inputs) {
    inputs_.push_back({input.row.offset, frames_.data() + input.frame.offset, input.row.size});
  }
  for (const TensorSpec& output : model.outputs) {
    outputs_.push_back({output.row.offset, frames_.data() + output.frame.offset, output.row.size});
    if (output.has_time_axis) each_step_outputs_.push_back(outputs_.back());
  }
  AddState(model, make_cell);
  Builder builder(*this);
  for (size_t i = 0; i < model.ops.size(); ++i) {
    std::visit(builder, model.ops[i]);
    if (i + 1 == static_cast<size_t>(model.state_op_count)) state_op_count_ = ops_.size();
  }
}

void Program::AddState(const Model& model, const CellFactory& make_cell) {
  for (const recurd::Op& op : model.ops) {
    if (const auto* layer = std::get_if<RecurrentOp>(&op)) AddCell(*layer, make_cell);
    if (const auto* accumulate = std::get_if<AccumulateOp>(&op)) {
      AlignedFloats& sum = sums_.emplace_back(accumulate->out.size);
      state_.push_back({accumulate->state_offset, sum.data(), accumulate->out.size});
    }
  }
}

void Program::AddCell(const RecurrentOp& op, const CellFactory& make_cell) {
  const int hidden = op.out.size;
  RecurrentCell& cell = *cells_.emplace_back(Cell{.cell = make_cell(op)}).cell;
  state_.push_back({op.state_offset, cell.h(), hidden});
  if (op.cell == CellKind::kLstm) state_.push_back({op.state_offset + hidden, cell.c(), hidden});
}

void Program::Execute(const Run& run) {
  const ScopedFlushToZero flush;
  float* outputs = run.outputs;
  LoadState(run.state);
  for (int done = 0, steps; done < run.steps; done += steps) {
    steps = std::min(run.steps - done, frame_count_);
    const OutputSelection selection = run.selection.After(done);
    const Frames wanted{selection.first, selection.stride, selection.Count(steps)};
    TakeRows(run.inputs + static_cast<ptrdiff_t>(done) * input_size_, input_size_, steps);
    RunOps(0, state_op_count_, {0, 1, steps});
    if (wanted.count == 0) continue;
    RunOps(state_op_count_, ops_.size(), wanted);
    WriteRows(outputs_, wanted, outputs, output_size_);
    outputs += static_cast<ptrdiff_t>(wanted.count) * output_size_;
  }
  StoreState(run.next_state);
}

void Program::Walk(float* rows, ptrdiff_t stride, int steps, bool is_end) {
  const bool serves_its_end_only = state_op_count_ == 0 && each_step_outputs_.empty();
  int done = serves_its_end_only ? steps - 1 : 0, count = 0;
  for (; done < steps; done += count) {
    count = std::min(steps - done, frame_count_);
    float* const row = rows + done * stride;
    TakeRows(row, stride, count);
    RunOps(0, state_op_count_, {0, 1, count});
    WriteRows(each_step_outputs_, {0, 1, count}, row, stride);
  }
  if (!is_end) return;
  const Frames last{count - 1, 1, 1};
  RunOps(state_op_count_, ops_.size(), last);
  WriteRows(outputs_, last, rows + (steps - 1) * stride, stride);
}

void Program::StepThrough(size_t cell, const float* inputs) {
  TakeRows(inputs, 0, 1);
  RunOps(0, cells_[cell].end, {0, 1, 1});
}

void Program::LoadState(const float* state) {
  for (const Copy& piece : state_) CopyFloats(state + piece.row_offset, piece.size, piece.at);
}

void Program::StoreState(float* state) const {
  for (const Copy& piece : state_) CopyFloats(piece.at, piece.size, state + piece.row_offset);
}

void Program::TakeRows(const float* rows, ptrdiff_t stride, int steps) {
  for (int step = 0; step < steps; ++step) {
    const float* const row = rows + step * stride;
    for (const Copy& input : inputs_) CopyFloats(row + input.row_offset, input.size, input.at + step * frame_size_);
  }
}

void Program::WriteRows(const std::vector<Copy>& outputs, const Frames& frames, float* rows, ptrdiff_t stride) const {
  ptrdiff_t frame = frames.first * frame_size_;
  for (int i = 0; i < frames.count; ++i, rows += stride, frame += frames.stride * frame_size_) {
    for (const Copy& output : outputs) CopyFloats(output.at + frame, output.size, rows + output.row_offset);
  }
}

void Program::RunOps(size_t begin, size_t end, const Frames& frames) {
  for (size_t i = begin; i < end; ++i) {
    const Op& op = ops_[i];
    if (op.code == Op::Code::kDense) {
      RunDense(op, frames);
    } else if (op.code == Op::Code::kCell) {
      RunCell(op, frames);
    } else {
      for (int j = 0; j < frames.count; ++j) RunInFrame(op, (frames.first + j * frames.stride) * frame_size_);
    }
  }
}

void Program::RunDense(const Op& op, const Frames& frames) {
  const PackedMatrix& matrix = matrices_[op.index];
  const ptrdiff_t first = frames.first * frame_size_, stride = frames.stride * frame_size_;
  const size_t padded = matrix.padded_rows(kernels_.lanes);
  kernels_.dense_steps(matrix, op.a + first, static_cast<size_t>(stride), frames.count, product_.data(), padded);
  for (int i = 0; i < frames.count; ++i) {
    CopyFloats(product_.data() + i * padded, op.out_size, op.out + first + i * stride);
  }
}

// All frames that hold a step, each after the one before.
void Program::RunCell(const Op& op, const Frames& frames) {
  const Cell& cell = cells_[op.index];
  cell.cell->TakeInputs(op.a, static_cast<size_t>(frame_size_), frames.count);
  for (ptrdiff_t at = 0; at < frames.count * frame_size_; at += frame_size_) {
    cell.cell->Step(op.a + at);
    CopyFloats(cell.cell->h(), op.out_size, op.out + at);
    for (const Copy& shown : cell.shown) CopyFloats(shown.at, shown.size, frames_.data() + at + shown.row_offset);
  }
}

void Program::RunInFrame(const Op& op, ptrdiff_t frame) {
  const float* const a = op.a + frame;
  float* const out = op.out + frame;
  switch (op.code) {
    case Op::Code::kAccumulate: {
      float* const sum = sums_[op.index].data();
      Binary(op.binary, sum, op.a_size, a, op.a_size, sum, op.a_size);
      return CopyFloats(sum, op.out_size, out);
    }
    case Op::Code::kUnary:
      return kernels_.unary(op.function, a, out, op.out_size);
    case Op::Code::kBinary:
      return Binary(op.binary, a, op.a_size, op.b + frame, op.b_size, out, op.out_size);
    case Op::Code::kReduce:
      return Reduce(op.reduce, a, op.a_size, out, op.out_size);
    case Op::Code::kRepeat:
      return Repeat(a, op.a_size, out, op.out_size);
    case Op::Code::kCopy:
      return CopyFloats(a, op.out_size, out);
    case Op::Code::kDense:
    case Op::Code::kCell:
      return;
  }
}

}  // namespace recurd
