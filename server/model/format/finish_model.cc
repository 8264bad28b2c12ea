#include "server/model/format/finish_model.h"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd::format {
namespace {

constexpr int kMaxFrameSize = 1 << 24;
constexpr int kBlockAlignment = 16;  // floats: a cache line, and the widest vector

Span& OutOf(Op& op) {
  return std::visit([](auto& o) -> Span& { return o.out; }, op);
}

// Calls visit(Span&) for each span that the op reads.
template <typename Visit>
void VisitReads(Op& op, Visit visit) {
  std::visit(
      [&](auto& o) {
        using T = std::decay_t<decltype(o)>;
        if constexpr (std::is_same_v<T, BinaryOp>) {
          visit(o.a);
          visit(o.b);
        } else if constexpr (!std::is_same_v<T, StateReadOp>) {
          visit(o.in);
        }
      },
      op);
}

// The op's state, if it has or reads one; else -1.
int StateOffsetOf(const Op& op) {
  if (const auto* recurrent = std::get_if<RecurrentOp>(&op)) return recurrent->state_offset;
  if (const auto* read = std::get_if<StateReadOp>(&op)) return read->state_offset;
  return -1;
}

class Finisher {
 public:
  Finisher(Program program, std::vector<TensorSpec> inputs) : program_(std::move(program)) {
    model_.inputs = std::move(inputs);
  }

  absl::StatusOr<Model> Finish(const std::vector<NamedValue>& outputs, std::vector<StateInputSpec> state_inputs) {
    for (const NamedValue& output : outputs) RECURD_RETURN_IF_ERROR(AddOutput(output));
    RemoveDeadOps();
    FuseBiases();
    PutStateOpsFirst();
    if (model_.state_op_count == 0) {
      return absl::InvalidArgumentError("no output depends on a recurrent layer (GRU, LSTM or RNN)");
    }
    NameStateOutputs(outputs);
    LayOutState(state_inputs);
    RECURD_RETURN_IF_ERROR(LayOutFrame());
    LayOutRows();
    model_.ops = std::move(program_.ops);
    model_.state_inputs = std::move(state_inputs);
    CountParameters();
    return std::move(model_);
  }

 private:
  int BlockOf(const Span& span) const {
    const auto next =
        std::upper_bound(program_.blocks.begin(), program_.blocks.end(), span.offset,
                         [](int offset, const Program::Block& block) { return offset < block.at.offset; });
    return static_cast<int>(next - program_.blocks.begin()) - 1;
  }

  absl::Status AddOutput(const NamedValue& output) {
    TensorSpec spec{
        .name = output.name, .shape = output.value.axes.sizes, .has_time_axis = output.value.axes.has_time()};
    if (spec.has_time_axis) spec.shape[output.value.axes.time] = -1;
    RECURD_ASSIGN_OR_RETURN(spec.frame, program_.Gather(output.value.places));
    model_.outputs.push_back(std::move(spec));
    return absl::OkStatus();
  }

  // Walks back from the outputs. A cell state that is read needs its layer.
  void RemoveDeadOps() {
    std::vector<bool> is_needed(program_.blocks.size(), false), is_live(program_.ops.size(), false);
    std::vector<bool> is_state_read(program_.state_size + 1, false);
    for (const TensorSpec& output : model_.outputs) is_needed[BlockOf(output.frame)] = true;
    for (size_t i = program_.ops.size(); i-- > 0;) {
      Op& op = program_.ops[i];
      const auto* recurrent = std::get_if<RecurrentOp>(&op);
      const bool is_read = recurrent && recurrent->cell == CellKind::kLstm &&
                           is_state_read[recurrent->state_offset + recurrent->out.size];
      if (!is_needed[BlockOf(OutOf(op))] && !is_read) continue;
      is_live[i] = true;
      VisitReads(op, [&](const Span& span) { is_needed[BlockOf(span)] = true; });
      if (const auto* read = std::get_if<StateReadOp>(&op)) is_state_read[read->state_offset] = true;
    }
    Keep(is_live);
  }

  void Keep(const std::vector<bool>& is_kept) {
    std::vector<Op> kept;
    for (size_t i = 0; i < program_.ops.size(); ++i) {
      if (is_kept[i]) kept.push_back(std::move(program_.ops[i]));
    }
    program_.ops = std::move(kept);
  }

  // product + constant becomes a DenseOp with that bias, where nothing else reads the product.
  void FuseBiases() {
    std::vector<int> read_counts(program_.blocks.size(), 0);
    for (const TensorSpec& output : model_.outputs) ++read_counts[BlockOf(output.frame)];
    std::map<int, DenseOp*> products;  // by block
    for (Op& op : program_.ops) {
      VisitReads(op, [&](const Span& span) { ++read_counts[BlockOf(span)]; });
      if (auto* dense = std::get_if<DenseOp>(&op); dense && dense->bias.empty()) products[BlockOf(dense->out)] = dense;
    }
    std::vector<bool> is_kept(program_.ops.size(), true);
    for (size_t i = 0; i < program_.ops.size(); ++i) {
      const auto* sum = std::get_if<BinaryOp>(&program_.ops[i]);
      if (sum == nullptr || sum->kind != BinaryKind::kAdd || sum->a.size != sum->b.size) continue;
      for (const auto& [product, bias] : {std::pair(sum->a, sum->b), std::pair(sum->b, sum->a)}) {
        const auto found = products.find(BlockOf(product));
        const Program::Block& constant = program_.blocks[BlockOf(bias)];
        if (found == products.end() || !constant.is_constant || read_counts[found->first] != 1) continue;
        DenseOp& dense = *found->second;
        if (dense.out.size != program_.blocks[found->first].at.size || product.size != dense.out.size) continue;
        const auto begin = constant.values.begin() + (bias.offset - constant.at.offset);
        dense.bias.assign(begin, begin + bias.size);
        dense.out = sum->out;
        products.erase(found);
        is_kept[i] = false;
        break;
      }
    }
    Keep(is_kept);
  }

  void PutStateOpsFirst() {
    std::vector<bool> is_needed(program_.blocks.size(), false), is_for_state(program_.ops.size(), false);
    for (size_t i = program_.ops.size(); i-- > 0;) {
      Op& op = program_.ops[i];
      if (!std::holds_alternative<RecurrentOp>(op) && !is_needed[BlockOf(OutOf(op))]) continue;
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

  // Finds the states that an output after the last step shows as they are.
  void NameStateOutputs(const std::vector<NamedValue>& outputs) {
    for (Op& op : program_.ops) {
      const int offset = StateOffsetOf(op);
      if (offset < 0) continue;
      const Span shown = OutOf(op);
      const auto state = std::find_if(program_.states.begin(), program_.states.end(),
                                      [&](const LayerState& s) { return s.spec.offset == offset; });
      for (const NamedValue& output : outputs) {
        const std::vector<int>& places = output.value.places;
        const auto begin = std::find(places.begin(), places.end(), shown.offset);
        if (output.value.axes.has_time() || places.end() - begin < shown.size) continue;
        const bool is_run = std::adjacent_find(begin, begin + shown.size, [](int a, int b) { return b != a + 1; }) ==
                            begin + shown.size;
        if (!is_run) continue;
        state->spec.output_name = output.name;
        state->spec.output_offset = static_cast<int>(begin - places.begin());
      }
    }
  }

  // Drops the states of layers that are gone and moves the others together.
  void LayOutState(const std::vector<StateInputSpec>& state_inputs) {
    std::map<int, int> moved;  // old offset -> new
    for (const Op& op : program_.ops) {
      if (const auto* recurrent = std::get_if<RecurrentOp>(&op)) {
        moved[recurrent->state_offset] = 0;
        if (recurrent->cell == CellKind::kLstm) moved[recurrent->state_offset + recurrent->out.size] = 0;
      }
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
      if (auto* recurrent = std::get_if<RecurrentOp>(&op)) recurrent->state_offset = moved[recurrent->state_offset];
      if (auto* read = std::get_if<StateReadOp>(&op)) read->state_offset = moved[read->state_offset];
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

  void LayOutRows() {
    for (TensorSpec& input : model_.inputs) {
      input.row = {model_.input_size, input.frame.size};
      model_.input_size += input.frame.size;
    }
    for (TensorSpec& output : model_.outputs) {
      output.row = {model_.output_size, output.frame.size};
      model_.output_size += output.frame.size;
    }
  }

  // Weights, biases that are not all zero, and constants of more than one value.
  void CountParameters() {
    const auto count = [&](const std::vector<float>& values) {
      const bool is_zero = std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
      return is_zero ? 0 : static_cast<int64_t>(values.size());
    };
    for (const Op& op : model_.ops) {
      if (const auto* dense = std::get_if<DenseOp>(&op)) {
        model_.parameter_count += static_cast<int64_t>(dense->matrix.values.size()) + count(dense->bias);
      }
      if (const auto* layer = std::get_if<RecurrentOp>(&op)) {
        model_.parameter_count +=
            static_cast<int64_t>(layer->input_weights.values.size() + layer->recurrent_weights.values.size()) +
            count(layer->input_bias) + count(layer->recurrent_bias) + count(layer->peepholes);
      }
    }
    for (const Model::Constant& constant : model_.constants) {
      if (constant.values.size() > 1) model_.parameter_count += count(constant.values);
    }
  }

  Program program_;
  Model model_;
};

}  // namespace

absl::StatusOr<Model> FinishModel(Program program, std::vector<TensorSpec> inputs,
                                  const std::vector<NamedValue>& outputs, std::vector<StateInputSpec> state_inputs) {
  return Finisher(std::move(program), std::move(inputs)).Finish(outputs, std::move(state_inputs));
}

}  // namespace recurd::format
