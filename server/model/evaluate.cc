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
    ReferenceDense(op.matrix.values.data(), bias, op.out.size, op.in.size, At(op.in), At(op.out));
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

 private:
  T* At(Span span) const { return frame_ + span.offset; }

  const ActivationForm form_;
  T* const frame_;
  T* const state_;
};

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
  std::vector<T> frame(model.frame_size);
  for (const Model::Constant& constant : model.constants) {
    std::copy(constant.values.begin(), constant.values.end(), frame.begin() + constant.at.offset);
  }
  const OpRunner<T> run(form, frame.data(), state);
  for (int step = 0; step < steps; ++step) {
    for (const TensorSpec& input : model.inputs) {
      std::copy_n(inputs + input.row.offset, input.row.size, frame.begin() + input.frame.offset);
    }
    for (const Op& op : model.ops) std::visit(run, op);
    inputs += model.input_size;
    if (outputs == nullptr) continue;
    for (const TensorSpec& output : model.outputs) {
      std::copy_n(frame.begin() + output.frame.offset, output.row.size, outputs + output.row.offset);
    }
    outputs += model.output_size;
  }
}

template void Evaluate(const Model&, const float*, int, float*, float*);
template void Evaluate(const Model&, const float*, int, double*, double*);
template void Evaluate(const Model&, ActivationForm, const float*, int, float*, float*);
template void Evaluate(const Model&, ActivationForm, const float*, int, double*, double*);

}  // namespace recurd
