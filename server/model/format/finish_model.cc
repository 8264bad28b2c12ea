#include "server/model/format/finish_model.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/op_spans.h"
#include "server/model/format/simplify.h"

namespace recurd::format {
namespace {

constexpr int kBlockAlignment = 16;  // floats: a cache line, and the widest vector

// Which state an op shows in its result: a layer's h, or what is read of a layer; -1: none.
int ShownState(Op& op) {
  const bool shows = std::holds_alternative<RecurrentOp>(op) || std::holds_alternative<StateReadOp>(op);
  return shows ? *StateOffsetOf(op) : -1;
}

// Finds the states that an output after the last step shows as they are.
class StateOutputNamer {
 public:
  StateOutputNamer(Program& program, const std::vector<NamedValue>& outputs) : program_(program), outputs_(outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) AddPlaces(outputs[i].value, static_cast<int>(i));
    for (size_t i = 0; i < program.states.size(); ++i) state_at_[program.states[i].spec.offset] = i;
  }

  void Name() {
    for (Op& op : program_.ops) {
      const int offset = ShownState(op);
      if (offset < 0) continue;
      const Span shown = OutOf(op);
      StateSpec& state = program_.states[state_at_[offset]].spec;
      for (const Found& found : places_[shown.offset]) {
        if (!IsRun(found, shown)) continue;
        state.output_name = outputs_[found.output].name;
        state.output_offset = found.position;
      }
    }
  }

 private:
  struct Found {
    int output;
    int position;
  };

  // The place that stands behind one that holds it, if a value means it after the last step of its own pass; else -1.
  int Origin(const Value& value, int place) const {
    const Program::Block& block = program_.blocks[program_.BlockOf(place)];
    if (block.held < 0) return block.pass == value.pass ? place : -1;
    const Program::Block& from = program_.blocks[block.held];
    return from.pass == block.held_pass ? from.at.offset + (place - block.at.offset) : -1;
  }

  void AddPlaces(const Value& value, int output) {
    origins_.emplace_back();
    if (value.axes.has_time()) return;
    for (size_t i = 0; i < value.places.size(); ++i) {
      const int origin = Origin(value, value.places[i]);
      origins_.back().push_back(origin);
      std::vector<Found>& found = places_[origin];
      if (found.empty() || found.back().output != output) found.push_back({output, static_cast<int>(i)});
    }
  }

  bool IsRun(const Found& found, const Span& shown) const {
    const std::vector<int>& places = origins_[found.output];
    if (static_cast<int>(places.size()) - found.position < shown.size) return false;
    for (int i = 0; i < shown.size; ++i) {
      if (places[found.position + i] != shown.offset + i) return false;
    }
    return true;
  }

  Program& program_;
  const std::vector<NamedValue>& outputs_;
  std::vector<std::vector<int>> origins_;               // of each output's places
  std::unordered_map<int, std::vector<Found>> places_;  // where each first stands in which outputs
  std::unordered_map<int, size_t> state_at_;
};

// Lays a simplified program out.
class StepLayout {
 public:
  StepLayout(Program program, std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs)
      : program_(std::move(program)) {
    model_.inputs = std::move(inputs);
    model_.outputs = std::move(outputs);
  }

  absl::StatusOr<Model> Make(bool each_step, const std::vector<StateInputSpec>& state_inputs) {
    PutStateOpsFirst(each_step);
    LayOutState(state_inputs);
    RECURD_RETURN_IF_ERROR(LayOutFrame());
    model_.ops = std::move(program_.ops);
    return std::move(model_);
  }

 private:
  int BlockOf(const Span& span) const { return program_.BlockOf(span.offset); }

  void PutStateOpsFirst(bool each_step) {
    std::vector<bool> is_needed(program_.blocks.size(), false), is_for_state(program_.ops.size(), false);
    for (const TensorSpec& output : model_.outputs) {
      if (each_step && output.has_time_axis) is_needed[BlockOf(output.frame)] = true;
    }
    for (size_t i = program_.ops.size(); i-- > 0;) {
      Op& op = program_.ops[i];
      if (!HasState(op) && !is_needed[BlockOf(OutOf(op))]) continue;
      is_for_state[i] = true;
      VisitReads(op, [&](const Span& span) { is_needed[BlockOf(span)] = true; });
    }
    std::vector<Op> ordered;
    for (const bool wanted : {true, false}) {
      for (size_t i = 0; i < program_.ops.size(); ++i) {
        if (is_for_state[i] == wanted) ordered.push_back(std::move(program_.ops[i]));
      }
    }
    program_.ops = std::move(ordered);
    model_.state_op_count = static_cast<int>(std::count(is_for_state.begin(), is_for_state.end(), true));
  }

  // Drops the states of layers that are gone and moves the others together.
  void LayOutState(const std::vector<StateInputSpec>& state_inputs) {
    std::unordered_map<int, int> moved;  // old offset -> new
    for (Op& op : program_.ops) {
      if (!HasState(op)) continue;
      moved[*StateOffsetOf(op)] = 0;
      const auto* layer = std::get_if<RecurrentOp>(&op);
      if (layer && layer->cell == CellKind::kLstm) moved[layer->state_offset + layer->out.size] = 0;
    }
    for (LayerState& state : program_.states) {
      const auto found = moved.find(state.spec.offset);
      if (found == moved.end()) continue;
      found->second = state.spec.offset = model_.state_size();
      if (state.state_input >= 0) state.spec.input_name = state_inputs[state.state_input].name;
      model_.initial_state.insert(model_.initial_state.end(), state.initial.begin(), state.initial.end());
      model_.states.push_back(std::move(state.spec));
    }
    for (Op& op : program_.ops) {
      if (int* offset = StateOffsetOf(op)) *offset = moved[*offset];
    }
  }

  template <typename Visit>
  void VisitSpans(Visit visit) {
    for (TensorSpec& input : model_.inputs) visit(input.frame);
    for (Op& op : program_.ops) {
      VisitReads(op, visit);
      visit(OutOf(op));
    }
    for (TensorSpec& output : model_.outputs) visit(output.frame);
  }

  absl::Status LayOutFrame() {
    std::vector<bool> is_used(program_.blocks.size(), false);
    VisitSpans([&](const Span& span) { is_used[BlockOf(span)] = true; });
    int64_t size = 0;
    std::vector<int> moved(program_.blocks.size(), 0);  // new offset of each block
    for (size_t i = 0; i < program_.blocks.size(); ++i) {
      Program::Block& block = program_.blocks[i];
      if (!is_used[i]) continue;
      moved[i] = static_cast<int>(size);
      size += (int64_t{block.at.size} + kBlockAlignment - 1) / kBlockAlignment * kBlockAlignment;
      if (size > kMaxFrameSize) {
        return absl::InvalidArgumentError(absl::StrCat("a step works on more than ", kMaxFrameSize, " values"));
      }
      if (block.is_constant) model_.constants.push_back({{moved[i], block.at.size}, std::move(block.values)});
    }
    VisitSpans([&](Span& span) {
      const int block = BlockOf(span);
      span.offset += moved[block] - program_.blocks[block].at.offset;
    });
    model_.frame_size = static_cast<int>(size);
    return absl::OkStatus();
  }

  Program program_;
  Model model_;
};

}  // namespace

absl::StatusOr<std::vector<TensorSpec>> AddOutputs(Program& program, const std::vector<NamedValue>& outputs) {
  std::vector<TensorSpec> specs;
  for (const auto& [name, value] : outputs) {
    TensorSpec spec{.name = name, .shape = value.axes.sizes, .has_time_axis = value.axes.has_time()};
    if (spec.has_time_axis) spec.shape[value.axes.time] = -1;
    RECURD_ASSIGN_OR_RETURN(spec.frame, program.Gather(value.places, value.pass));
    specs.push_back(std::move(spec));
  }
  StateOutputNamer(program, outputs).Name();
  return specs;
}

absl::Status CheckHasLayer(const Program& program) {
  for (const Op& op : program.ops) {
    if (std::holds_alternative<RecurrentOp>(op)) return absl::OkStatus();
  }
  return absl::InvalidArgumentError("no output depends on a recurrent layer (GRU, LSTM or RNN)");
}

absl::StatusOr<Model> LayOutStep(Program program, std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs,
                                 bool each_step, const std::vector<StateInputSpec>& state_inputs) {
  return StepLayout(std::move(program), std::move(inputs), std::move(outputs)).Make(each_step, state_inputs);
}

int LayOutRow(std::vector<TensorSpec>& tensors) {
  int size = 0;
  for (TensorSpec& tensor : tensors) {
    tensor.row = {size, tensor.frame.size};
    size += tensor.frame.size;
  }
  return size;
}

int64_t CountParameters(const std::vector<float>& constant) {
  const bool is_zero = std::all_of(constant.begin(), constant.end(), [](float value) { return value == 0; });
  return is_zero ? 0 : static_cast<int64_t>(constant.size());
}

int64_t CountParameters(const std::vector<Op>& ops) {
  int64_t count = 0;
  for (const Op& op : ops) {
    if (const auto* dense = std::get_if<DenseOp>(&op)) {
      count += static_cast<int64_t>(dense->matrix.values.size()) + CountParameters(dense->bias);
    }
    if (const auto* layer = std::get_if<RecurrentOp>(&op)) {
      count += static_cast<int64_t>(layer->input_weights.values.size() + layer->recurrent_weights.values.size()) +
               CountParameters(layer->input_bias) + CountParameters(layer->recurrent_bias) +
               CountParameters(layer->peepholes);
    }
  }
  return count;
}

absl::StatusOr<Model> FinishModel(Program program, std::vector<TensorSpec> inputs,
                                  const std::vector<NamedValue>& outputs, std::vector<StateInputSpec> state_inputs) {
  RECURD_ASSIGN_OR_RETURN(std::vector<TensorSpec> specs, AddOutputs(program, outputs));
  Simplify(program, specs);
  RECURD_RETURN_IF_ERROR(CheckHasLayer(program));
  RECURD_ASSIGN_OR_RETURN(Model model,
                          LayOutStep(std::move(program), std::move(inputs), std::move(specs), false, state_inputs));
  model.input_size = LayOutRow(model.inputs);
  model.output_size = LayOutRow(model.outputs);
  model.state_inputs = std::move(state_inputs);
  model.parameter_count = CountParameters(model.ops);
  for (const Model::Constant& constant : model.constants) {
    if (constant.values.size() > 1) model.parameter_count += CountParameters(constant.values);
  }
  return model;
}

}  // namespace recurd::format
