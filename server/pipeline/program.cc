#include "server/pipeline/program.h"

#include <algorithm>
#include <cstring>
#include <variant>

#include "server/numeric/denormals.h"
#include "server/numeric/elementwise.h"

namespace recurd {
namespace {

void CopyFloats(const float* from, int size, float* to) { std::memcpy(to, from, size * sizeof(float)); }

}  // namespace

// Turns the model's operators into the program's.
class Program::Builder {
 public:
  explicit Builder(Program& program) : program_(program) {}

  void operator()(const DenseOp& op) {
    const float* bias = op.bias.empty() ? nullptr : op.bias.data();
    Op& added = Add(Op::Code::kDense, op.in, op.out);
    added.index = static_cast<int>(program_.matrices_.size());
    program_.matrices_.push_back(Pack(op.matrix.values.data(), bias, op.out.size, op.in.size, 1, program_.kernels_));
    const size_t size = program_.matrices_.back().padded_rows(program_.kernels_.lanes);
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
    RecurrentCell* cell = program_.cells_[program_.cell_ends_.size()].get();
    Op& added = Add(Op::Code::kCell, op.in, op.out);
    added.cell = cell;
    added.b = cell->h();
    program_.cell_ends_.push_back(program_.ops_.size());
  }
  // The state stands in the layers: one copy for each of their pieces that the operator reads.
  void operator()(const StateReadOp& op) {
    const int begin = op.state_offset, end = begin + op.out.size;
    for (const Copy& piece : program_.state_) {
      const int from = std::max(begin, piece.row_offset), to = std::min(end, piece.row_offset + piece.size);
      if (from >= to) continue;
      Op& copy = Add(Op::Code::kCopy, op.out, {op.out.offset + from - begin, to - from});
      copy.a = piece.at + (from - piece.row_offset);
    }
  }

 private:
  float* At(Span span) { return program_.frame_.data() + span.offset; }

  Op& Add(Op::Code code, Span in, Span out) {
    return program_.ops_.emplace_back(
        Op{.code = code, .a = At(in), .out = At(out), .a_size = in.size, .out_size = out.size});
  }

  Program& program_;
};

Program::Program(const Model& model, const Kernels& kernels, const CellFactory& make_cell)
    : kernels_(kernels), frame_(model.frame_size), input_size_(model.input_size), output_size_(model.output_size) {
  for (const Model::Constant& constant : model.constants) {
    CopyFloats(constant.values.data(), constant.at.size, frame_.data() + constant.at.offset);
  }
  for (const TensorSpec& input : model.inputs) {
    inputs_.push_back({input.row.offset, frame_.data() + input.frame.offset, input.row.size});
  }
  for (const TensorSpec& output : model.outputs) {
    outputs_.push_back({output.row.offset, frame_.data() + output.frame.offset, output.row.size});
  }
  for (const recurd::Op& op : model.ops) {
    if (const auto* layer = std::get_if<RecurrentOp>(&op)) AddCell(*layer, make_cell);
  }
  Builder builder(*this);
  for (size_t i = 0; i < model.ops.size(); ++i) {
    std::visit(builder, model.ops[i]);
    if (i + 1 == static_cast<size_t>(model.state_op_count)) state_op_count_ = ops_.size();
  }
}

void Program::AddCell(const RecurrentOp& op, const CellFactory& make_cell) {
  const int hidden = op.out.size;
  RecurrentCell& cell = *cells_.emplace_back(make_cell(op));
  state_.push_back({op.state_offset, cell.h(), hidden});
  if (op.cell == CellKind::kLstm) state_.push_back({op.state_offset + hidden, cell.c(), hidden});
}

void Program::Execute(const Run& run) {
  const ScopedFlushToZero flush;
  const float* inputs = run.inputs;
  float* outputs = run.outputs;
  int next_output = run.selection.first;
  LoadState(run.state);
  for (int step = 0; step < run.steps; ++step, inputs += input_size_) {
    const bool selected = step == next_output;
    Step(inputs, selected ? outputs : nullptr);
    if (!selected) continue;
    outputs += output_size_;
    next_output += run.selection.stride;
  }
  StoreState(run.next_state);
}

void Program::LoadState(const float* state) {
  for (const Copy& piece : state_) CopyFloats(state + piece.row_offset, piece.size, piece.at);
}

void Program::StoreState(float* state) const {
  for (const Copy& piece : state_) CopyFloats(piece.at, piece.size, state + piece.row_offset);
}

void Program::Step(const float* inputs, float* outputs) {
  RunOps(inputs, outputs ? ops_.size() : state_op_count_);
  if (!outputs) return;
  for (const Copy& output : outputs_) CopyFloats(output.at, output.size, outputs + output.row_offset);
}

void Program::StepThrough(size_t cell, const float* inputs) { RunOps(inputs, cell_ends_[cell]); }

void Program::RunOps(const float* inputs, size_t count) {
  for (const Copy& input : inputs_) CopyFloats(inputs + input.row_offset, input.size, input.at);
  for (size_t i = 0; i < count; ++i) RunOp(ops_[i]);
}

void Program::RunOp(const Op& op) {
  switch (op.code) {
    case Op::Code::kDense:
      kernels_.dense(matrices_[op.index], op.a, product_.data());
      return CopyFloats(product_.data(), op.out_size, op.out);
    case Op::Code::kCell:
      op.cell->Step(op.a);
      return CopyFloats(op.b, op.out_size, op.out);
    case Op::Code::kUnary:
      return kernels_.unary(op.function, op.a, op.out, op.out_size);
    case Op::Code::kBinary:
      return Binary(op.binary, op.a, op.a_size, op.b, op.b_size, op.out, op.out_size);
    case Op::Code::kReduce:
      return Reduce(op.reduce, op.a, op.a_size, op.out, op.out_size);
    case Op::Code::kRepeat:
      return Repeat(op.a, op.a_size, op.out, op.out_size);
    case Op::Code::kCopy:
      return CopyFloats(op.a, op.out_size, op.out);
  }
}

}  // namespace recurd
