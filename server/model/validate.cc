#include "server/model/validate.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

bool Inside(Span span, int size) {
  return span.offset >= 0 && span.size > 0 && static_cast<int64_t>(span.offset) + span.size <= size;
}
bool Same(Span a, Span b) { return a.offset == b.offset && a.size == b.size; }
bool Apart(Span a, Span b) { return a.offset + a.size <= b.offset || b.offset + b.size <= a.offset; }

int StatePieces(CellKind kind) { return kind == CellKind::kLstm ? 2 : 1; }
size_t ActivationCount(CellKind kind) { return kind == CellKind::kLstm ? 3 : kind == CellKind::kGru ? 2 : 1; }

bool Holds(const Matrix& matrix, int rows, int cols) {
  return matrix.rows == rows && matrix.cols == cols &&
         matrix.values.size() == static_cast<size_t>(rows) * static_cast<size_t>(cols);
}

std::string Text(Span span) { return absl::StrCat("[", span.offset, ", +", span.size, ")"); }

// Checks one operator. The message is completed by the caller with the operator's place.
class OpCheck {
 public:
  explicit OpCheck(const Model& model) : model_(model), constants_below_(model.frame_size + 1) {
    for (const Model::Constant& constant : model.constants) {
      for (int i = 0; i < constant.at.size; ++i) constants_below_[constant.at.offset + i + 1] = 1;
    }
    std::partial_sum(constants_below_.begin(), constants_below_.end(), constants_below_.begin());
  }

  absl::Status operator()(const DenseOp& op) const {
    RECURD_RETURN_IF_ERROR(Frames(op.in, op.out));
    const int rows = op.matrix.rows, cols = op.matrix.cols;
    const bool fits =
        rows > 0 && cols > 0 && op.in.size % cols == 0 && int64_t{op.in.size / cols} * rows == op.out.size;
    if (!fits || !Holds(op.matrix, rows, cols)) return Wrong("dense matrix isn't [out][in]");
    if (!op.bias.empty() && op.bias.size() != static_cast<size_t>(rows)) return Wrong("dense bias isn't [out]");
    return Replaces(op.in, op.out, false);
  }
  absl::Status operator()(const BinaryOp& op) const {
    RECURD_RETURN_IF_ERROR(Frames(op.a, op.out));
    RECURD_RETURN_IF_ERROR(Frames(op.b, op.out));
    for (Span operand : {op.a, op.b}) {
      if (operand.size != op.out.size && operand.size != 1) return Wrong("an operand has neither 1 nor [out] values");
      RECURD_RETURN_IF_ERROR(Replaces(operand, op.out, true));
    }
    return absl::OkStatus();
  }
  absl::Status operator()(const UnaryOp& op) const { return SameSize(op.in, op.out); }
  absl::Status operator()(const CopyOp& op) const { return SameSize(op.in, op.out); }
  absl::Status operator()(const ReduceOp& op) const { return Multiple(op.in, op.out, op.in.size, op.out.size); }
  absl::Status operator()(const RepeatOp& op) const { return Multiple(op.in, op.out, op.out.size, op.in.size); }
  absl::Status operator()(const StateReadOp& op) const {
    RECURD_RETURN_IF_ERROR(Frames(op.out, op.out));
    return Inside({op.state_offset, op.out.size}, model_.state_size()) ? absl::OkStatus()
                                                                       : Wrong("reads past the state");
  }
  absl::Status operator()(const AccumulateOp& op) const {
    RECURD_RETURN_IF_ERROR(SameSize(op.in, op.out));
    if (op.kind != BinaryKind::kAdd && op.kind != BinaryKind::kMin && op.kind != BinaryKind::kMax) {
      return Wrong("it accumulates by another operator than Add, Min or Max");
    }
    const bool is_inside = Inside({op.state_offset, op.in.size}, model_.state_size());
    return is_inside ? absl::OkStatus() : Wrong("its state isn't inside the model's");
  }
  absl::Status operator()(const RecurrentOp& op) const {
    RECURD_RETURN_IF_ERROR(Frames(op.in, op.out));
    const int hidden = op.out.size;
    const int64_t rows = int64_t{GateCount(op.cell)} * hidden;
    if (rows > INT32_MAX) return Wrong("has too many rows");
    const auto holds_rows = [rows](const std::vector<float>& bias) { return bias.size() == static_cast<size_t>(rows); };
    if (!Holds(op.input_weights, static_cast<int>(rows), op.in.size)) return Wrong("input weights aren't [gates*H][I]");
    if (!Holds(op.recurrent_weights, static_cast<int>(rows), hidden))
      return Wrong("recurrent weights aren't [gates*H][H]");
    if (!holds_rows(op.input_bias) || !holds_rows(op.recurrent_bias)) return Wrong("a bias isn't [gates*H]");
    const size_t peepholes = op.cell == CellKind::kLstm ? size_t{3} * hidden : 0;
    if (!op.peepholes.empty() && op.peepholes.size() != peepholes) return Wrong("peepholes aren't an LSTM's [3*H]");
    if (op.activations.size() != ActivationCount(op.cell))
      return Wrong("has another number of activations than its kind");
    if (!(op.clip >= 0)) return Wrong("clip isn't 0 or positive");
    const int64_t state_size = int64_t{StatePieces(op.cell)} * hidden;
    if (state_size > INT32_MAX || !Inside({op.state_offset, static_cast<int>(state_size)}, model_.state_size())) {
      return Wrong("its state isn't inside the model's");
    }
    return Replaces(op.in, op.out, false);
  }

 private:
  static absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

  absl::Status Frames(Span in, Span out) const {
    for (Span span : {in, out}) {
      if (!Inside(span, model_.frame_size)) {
        return Wrong(absl::StrCat("span ", Text(span), " isn't inside the frame of ", model_.frame_size));
      }
    }
    if (constants_below_[out.offset + out.size] == constants_below_[out.offset]) return absl::OkStatus();
    return Wrong(absl::StrCat("its result ", Text(out), " lies on a constant"));
  }
  static absl::Status Replaces(Span in, Span out, bool may_be_same) {
    if (Apart(in, out) || (may_be_same && Same(in, out))) return absl::OkStatus();
    return Wrong(absl::StrCat("its result ", Text(out), " lies on its operand ", Text(in)));
  }
  absl::Status SameSize(Span in, Span out) const {
    RECURD_RETURN_IF_ERROR(Frames(in, out));
    if (in.size != out.size) return Wrong("operand and result differ in size");
    return Replaces(in, out, true);
  }
  absl::Status Multiple(Span in, Span out, int larger, int smaller) const {
    RECURD_RETURN_IF_ERROR(Frames(in, out));
    if (larger % smaller != 0) return Wrong(absl::StrCat("size ", larger, " isn't a multiple of ", smaller));
    return Replaces(in, out, false);
  }

  const Model& model_;
  std::vector<int> constants_below_;  // [place]: how many of the frame's floats before it are constants
};

absl::Status CheckTensors(const std::vector<TensorSpec>& tensors, int row_size, int frame_size) {
  for (const TensorSpec& tensor : tensors) {
    if (!Inside(tensor.row, row_size) || !Inside(tensor.frame, frame_size) || tensor.row.size != tensor.frame.size) {
      return absl::InvalidArgumentError(absl::StrCat("tensor ", tensor.name, ": row ", Text(tensor.row), " of ",
                                                     row_size, " and frame ", Text(tensor.frame), " of ", frame_size,
                                                     " don't hold the same values"));
    }
  }
  return absl::OkStatus();
}

// The piece of the state that is the operator's own; empty if it has none.
Span StateOf(const Op& op) {
  if (const auto* sum = std::get_if<AccumulateOp>(&op)) return {sum->state_offset, sum->out.size};
  const auto* layer = std::get_if<RecurrentOp>(&op);
  return layer ? Span{layer->state_offset, StatePieces(layer->cell) * layer->out.size} : Span{};
}

std::string PlaceOf(const Model& model, size_t index) {
  const auto* layer = std::get_if<RecurrentOp>(&model.ops[index]);
  return absl::StrCat("operator ", index, layer ? absl::StrCat(" (", layer->name, ")") : "");
}

// Every layer has a state of its own, every float of the state a layer; and every layer is among the operators that run
// at every step.
absl::Status CheckLayers(const Model& model) {
  std::vector<bool> taken(model.state_size());
  for (size_t i = 0; i < model.ops.size(); ++i) {
    const Span own = StateOf(model.ops[i]);
    if (own.size == 0) continue;
    if (i >= static_cast<size_t>(model.state_op_count)) {
      return absl::InvalidArgumentError(absl::StrCat(PlaceOf(model, i), " is outside the first ", model.state_op_count,
                                                     " operators, which make the state"));
    }
    const auto begin = taken.begin() + own.offset, end = begin + own.size;
    if (std::find(begin, end, true) != end) {
      return absl::InvalidArgumentError(absl::StrCat(PlaceOf(model, i), " shares its state with another"));
    }
    std::fill(begin, end, true);
  }
  if (std::find(taken.begin(), taken.end(), false) != taken.end()) {
    return absl::InvalidArgumentError("a part of the state belongs to no layer");
  }
  return absl::OkStatus();
}

absl::Status ValidateStep(const Model& model) {
  if (model.frame_size < 0 || model.input_size < 0 || model.output_size < 0) {
    return absl::InvalidArgumentError("a size of the model is negative");
  }
  if (model.state_op_count < 0 || static_cast<size_t>(model.state_op_count) > model.ops.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("state_op_count ", model.state_op_count, " isn't within the ", model.ops.size(), " operators"));
  }
  for (const Model::Constant& constant : model.constants) {
    if (!Inside(constant.at, model.frame_size) || constant.values.size() != static_cast<size_t>(constant.at.size)) {
      return absl::InvalidArgumentError(absl::StrCat("the constant at ", Text(constant.at), " doesn't fit its span"));
    }
  }
  RECURD_RETURN_IF_ERROR(CheckTensors(model.inputs, model.input_size, model.frame_size));
  RECURD_RETURN_IF_ERROR(CheckTensors(model.outputs, model.output_size, model.frame_size));
  const OpCheck check(model);
  for (size_t i = 0; i < model.ops.size(); ++i) {
    if (absl::Status status = std::visit(check, model.ops[i]); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(PlaceOf(model, i), ": ", status.message()));
    }
  }
  return CheckLayers(model);
}

// A pass keeps to its rows and its part of the state, leaves the inputs alone, and says rightly which of its columns
// are results of the whole walk.
absl::Status ValidatePass(const Model& model, const Pass& pass) {
  if (pass.step == nullptr || !pass.step->streams()) return absl::InvalidArgumentError("it has no step of its own");
  const Model& step = *pass.step;
  if (step.input_size != model.row_size || step.output_size != model.row_size) {
    return absl::InvalidArgumentError(absl::StrCat("its rows are of ", step.input_size, " and ", step.output_size,
                                                   " values, not of ", model.row_size));
  }
  const Span state{pass.state_offset, step.state_size()};
  if (state.size > 0 && !Inside(state, model.state_size())) {
    return absl::InvalidArgumentError("its state isn't inside the model's");
  }
  std::vector<Span> finals;
  for (const TensorSpec& output : step.outputs) {
    if (output.row.offset < model.input_size) return absl::InvalidArgumentError("it writes over the inputs");
    if (!output.has_time_axis) finals.push_back(output.row);
  }
  if (!std::equal(finals.begin(), finals.end(), pass.finals.begin(), pass.finals.end(), Same)) {
    return absl::InvalidArgumentError("its finals aren't its outputs without a time axis");
  }
  return ValidateStep(step);
}

absl::Status ValidatePasses(const Model& model) {
  if (!model.ops.empty() || model.frame_size != 0 || model.row_size < model.input_size || model.input_size < 0) {
    return absl::InvalidArgumentError("a model of passes has a program of its own, or rows shorter than its inputs");
  }
  for (const TensorSpec& input : model.inputs) {
    if (!Same(input.row, input.frame)) return absl::InvalidArgumentError("the inputs aren't the first of a row");
  }
  RECURD_RETURN_IF_ERROR(CheckTensors(model.inputs, model.input_size, model.row_size));
  RECURD_RETURN_IF_ERROR(CheckTensors(model.outputs, model.output_size, model.row_size));
  int state_size = 0;
  for (size_t i = 0; i < model.passes.size(); ++i) {
    absl::Status status = ValidatePass(model, model.passes[i]);
    if (status.ok() && model.passes[i].state_offset != state_size) {
      status = absl::InvalidArgumentError("its state isn't behind that of the pass before");
    }
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("pass ", i, ": ", status.message()));
    state_size += model.passes[i].step->state_size();
  }
  if (state_size == model.state_size()) return absl::OkStatus();
  return absl::InvalidArgumentError("a part of the state belongs to no pass");
}

}  // namespace

absl::Status ValidateModel(const Model& model) { return model.streams() ? ValidateStep(model) : ValidatePasses(model); }

}  // namespace recurd
