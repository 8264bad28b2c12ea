#include "server/model/evaluate.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "server/numeric/denormals.h"
#include "server/numeric/elementwise.h"
#include "server/numeric/reference.h"

namespace recurd {
namespace {

// Runs one operator on a frame and a state.
template <typename T>
class OpRunner {
 public:
  OpRunner(ActivationForm form, T* frame, T* state) : form_(form), frame_(frame), state_(state) {}

  void operator()(const DenseOp& op) const {
    const float* bias = op.bias.empty() ? nullptr : op.bias.data();
    const int rows = op.matrix.rows, cols = op.matrix.cols;
    for (int i = 0; i < op.in.size / cols; ++i) {
      ReferenceDense(op.matrix.values.data(), bias, rows, cols, At(op.in) + i * cols, At(op.out) + i * rows,
                     op.matrix.storage);
    }
  }
  void operator()(const BinaryOp& op) const {
    Binary<T>(op.kind, At(op.a), op.a.size, At(op.b), op.b.size, At(op.out), op.out.size);
  }
  void operator()(const UnaryOp& op) const { Unary<T>(op.function, At(op.in), At(op.out), op.out.size); }
  void operator()(const ReduceOp& op) const { Reduce<T>(op.kind, At(op.in), op.in.size, At(op.out), op.out.size); }
  void operator()(const RepeatOp& op) const { Repeat<T>(At(op.in), op.in.size, At(op.out), op.out.size); }
  void operator()(const CopyOp& op) const { std::copy_n(At(op.in), op.in.size, At(op.out)); }
  void operator()(const RecurrentOp& op) const {
    T* h = state_ + op.state_offset;
    ReferenceStep(CellOf(op, form_), At(op.in), h, h + op.out.size);
    std::copy_n(h, op.out.size, At(op.out));
  }
  void operator()(const StateReadOp& op) const { std::copy_n(state_ + op.state_offset, op.out.size, At(op.out)); }
  void operator()(const AccumulateOp& op) const {
    T* sum = state_ + op.state_offset;
    Binary<T>(op.kind, sum, op.in.size, At(op.in), op.in.size, sum, op.in.size);
    std::copy_n(sum, op.in.size, At(op.out));
  }

 private:
  T* At(Span span) const { return frame_ + span.offset; }

  const ActivationForm form_;
  T* const frame_;
  T* const state_;
};

// One step's program with a frame of its own.
template <typename T>
class StepRunner {
 public:
  StepRunner(const Model& model, ActivationForm form, T* state)
      : model_(model), frame_(model.frame_size), run_(form, frame_.data(), state) {
    for (const Model::Constant& constant : model.constants) {
      std::copy(constant.values.begin(), constant.values.end(), frame_.begin() + constant.at.offset);
    }
  }

  // Inputs are floats, or another pass's results.
  template <typename In>
  void Step(const In* inputs, T* outputs) {
    for (const TensorSpec& input : model_.inputs) {
      std::copy_n(inputs + input.row.offset, input.row.size, frame_.begin() + input.frame.offset);
    }
    for (const Op& op : model_.ops) std::visit(run_, op);
    if (outputs == nullptr) return;
    for (const TensorSpec& output : model_.outputs) {
      std::copy_n(frame_.begin() + output.frame.offset, output.row.size, outputs + output.row.offset);
    }
  }

 private:
  const Model& model_;
  std::vector<T> frame_;
  const OpRunner<T> run_;
};

// Walks over all rows, and hands on what the last one has of the whole walk.
template <typename T>
void Walk(const Pass& pass, ActivationForm form, int row_size, int steps, T* state, T* rows) {
  StepRunner<T> runner(*pass.step, form, state + pass.state_offset);
  T* row = rows;
  for (int walked = 0; walked < steps; ++walked) {
    row = rows + static_cast<ptrdiff_t>(pass.backward ? steps - 1 - walked : walked) * row_size;
    runner.Step(row, row);
  }
  for (const Span& span : pass.finals) {
    for (int step = 0; step < steps; ++step) {
      T* to = rows + static_cast<ptrdiff_t>(step) * row_size;
      if (to != row) std::copy_n(row + span.offset, span.size, to + span.offset);
    }
  }
}

template <typename T>
void EvaluateWholeSequence(const Model& model, ActivationForm form, const float* inputs, int steps, T* state,
                           T* outputs) {
  std::vector<T> rows(static_cast<size_t>(steps) * model.row_size);
  T* row = rows.data();
  for (int step = 0; step < steps; ++step, inputs += model.input_size, row += model.row_size) {
    std::copy_n(inputs, model.input_size, row);
  }
  for (const Pass& pass : model.passes) Walk(pass, form, model.row_size, steps, state, rows.data());
  row = rows.data();
  for (int step = 0; outputs != nullptr && step < steps; ++step, row += model.row_size, outputs += model.output_size) {
    for (const TensorSpec& output : model.outputs) {
      std::copy_n(row + output.frame.offset, output.row.size, outputs + output.row.offset);
    }
  }
}

}  // namespace

Cell CellOf(const RecurrentOp& op, ActivationForm form) {
  Cell cell{.kind = op.cell,
            .linear_before_reset = op.linear_before_reset,
            .input_forget = op.input_forget,
            .clip = op.clip,
            .input_size = op.in.size,
            .hidden_size = op.out.size,
            .input_weights = op.input_weights.values.data(),
            .recurrent_weights = op.recurrent_weights.values.data(),
            .input_bias = op.input_bias.data(),
            .recurrent_bias = op.recurrent_bias.data(),
            .peepholes = op.peepholes.empty() ? nullptr : op.peepholes.data()};
  cell.form = form;
  cell.storage = op.input_weights.storage;
  cell.f = op.activations[0];
  if (op.activations.size() > 1) cell.g = op.activations[1];
  if (op.activations.size() > 2) cell.h = op.activations[2];
  return cell;
}

template <typename T>
void Evaluate(const Model& model, const float* inputs, int steps, T* state, T* outputs) {
  Evaluate(model, model.activation.value_or(ActivationForm::kExact), inputs, steps, state, outputs);
}

template <typename T>
void Evaluate(const Model& model, ActivationForm form, const float* inputs, int steps, T* state, T* outputs) {
  const ScopedFlushToZero flush;
  if (!model.streams()) return EvaluateWholeSequence(model, form, inputs, steps, state, outputs);
  StepRunner<T> runner(model, form, state);
  for (int step = 0; step < steps; ++step, inputs += model.input_size) {
    runner.Step(inputs, outputs);
    if (outputs != nullptr) outputs += model.output_size;
  }
}

template void Evaluate(const Model&, const float*, int, float*, float*);
template void Evaluate(const Model&, const float*, int, double*, double*);
template void Evaluate(const Model&, ActivationForm, const float*, int, float*, float*);
template void Evaluate(const Model&, ActivationForm, const float*, int, double*, double*);

}  // namespace recurd
