#include "server/pipeline/cpu/program.h"

#include <algorithm>
#include <cstring>
#include <variant>

#include "server/model/evaluate.h"
#include "server/numeric/elementwise.h"

namespace recurd::cpu {
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
  void operator()(const RecurrentOp& op) { Add(Op::Code::kCell, op.in, op.out).index = next_cell_++; }
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
  int next_cell_ = 0;
};

Program::Program(const Model& model, const Kernels& kernels) : kernels_(kernels), frame_(model.frame_size) {
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
    if (const auto* layer = std::get_if<RecurrentOp>(&op)) AddCell(*layer);
  }
  Builder builder(*this);
  for (size_t i = 0; i < model.ops.size(); ++i) {
    std::visit(builder, model.ops[i]);
    if (i + 1 == static_cast<size_t>(model.state_op_count)) state_op_count_ = ops_.size();
  }
}

void Program::AddCell(const RecurrentOp& op) {
  const int hidden = op.out.size;
  PackedCell& cell = cells_.emplace_back(CellOf(op), kernels_);
  state_.push_back({op.state_offset, cell.h.data(), hidden});
  if (op.cell == CellKind::kLstm) state_.push_back({op.state_offset + hidden, cell.c.data(), hidden});
}

void Program::LoadState(const float* state) {
  for (const Copy& piece : state_) CopyFloats(state + piece.row_offset, piece.size, piece.at);
}

void Program::StoreState(float* state) const {
  for (const Copy& piece : state_) CopyFloats(piece.at, piece.size, state + piece.row_offset);
}

void Program::Step(const float* inputs, float* outputs) {
  for (const Copy& input : inputs_) CopyFloats(inputs + input.row_offset, input.size, input.at);
  const size_t count = outputs ? ops_.size() : state_op_count_;
  for (size_t i = 0; i < count; ++i) RunOp(ops_[i]);
  if (!outputs) return;
  for (const Copy& output : outputs_) CopyFloats(output.at, output.size, outputs + output.row_offset);
}

void Program::RunOp(const Op& op) {
  switch (op.code) {
    case Op::Code::kDense:
      kernels_.dense(matrices_[op.index], op.a, product_.data());
      return CopyFloats(product_.data(), op.out_size, op.out);
    case Op::Code::kCell:
      cells_[op.index].Step(op.a);
      return CopyFloats(cells_[op.index].h.data(), op.out_size, op.out);
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

}  // namespace recurd::cpu
