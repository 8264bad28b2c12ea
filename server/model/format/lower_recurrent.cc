#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/lower.h"

namespace recurd::format {
namespace {

// What differs between ONNX's three recurrent operators. Inputs are X W R B sequence_lens initial_h initial_c P,
// outputs Y Y_h Y_c.
struct CellTraits {
  CellKind cell;
  int gate_count;
  std::vector<std::string> default_activations;
};

CellTraits TraitsOf(const Node& node) {
  if (node.op() == "GRU") return {CellKind::kGru, 3, {"Sigmoid", "Tanh"}};
  if (node.op() == "LSTM") return {CellKind::kLstm, 4, {"Sigmoid", "Tanh", "Tanh"}};
  return {CellKind::kRnn, 1, {"Tanh"}};
}

struct ActivationEntry {
  absl::string_view name;
  UnaryKind kind;
  bool has_alpha = false, has_beta = false;
  float alpha = 0, beta = 0;  // ONNX's defaults; NAN: there is none
};
constexpr ActivationEntry kActivations[] = {
    {"relu", UnaryKind::kRelu},
    {"sigmoid", UnaryKind::kSigmoid},
    {"tanh", UnaryKind::kTanh},
    {"softsign", UnaryKind::kSoftsign},
    {"softplus", UnaryKind::kSoftplus},
    {"leakyrelu", UnaryKind::kLeakyRelu, true, false, 0.01F},
    {"thresholdedrelu", UnaryKind::kThresholdedRelu, true, false, 1},
    {"elu", UnaryKind::kElu, true, false, 1},
    {"hardsigmoid", UnaryKind::kHardSigmoid, true, true, 0.2F, 0.5F},
    {"scaledtanh", UnaryKind::kScaledTanh, true, true, NAN, NAN},
    {"affine", UnaryKind::kAffine, true, true, NAN, NAN},
};

// Reads the activation functions, those of a second direction behind the first's. The lists of alphas and betas have
// entries for those functions only that take them, in order.
absl::StatusOr<std::vector<Activation>> ReadActivations(const Node& node, const CellTraits& traits,
                                                        size_t direction_count) {
  RECURD_ASSIGN_OR_RETURN(std::vector<std::string> names, node.Strings("activations"));
  RECURD_ASSIGN_OR_RETURN(const std::vector<float> alphas, node.Floats("activation_alpha"));
  RECURD_ASSIGN_OR_RETURN(const std::vector<float> betas, node.Floats("activation_beta"));
  const std::vector<std::string>& defaults = traits.default_activations;
  if (names.empty()) {
    for (size_t i = 0; i < direction_count; ++i) names.insert(names.end(), defaults.begin(), defaults.end());
  }
  if (names.size() != defaults.size() * direction_count) {
    return absl::InvalidArgumentError(
        absl::StrCat("it names ", names.size(), " activations instead of ", defaults.size() * direction_count));
  }
  std::vector<Activation> activations;
  size_t alpha_count = 0, beta_count = 0;
  const auto next = [](const std::vector<float>& given, size_t& count, float otherwise) {
    return count < given.size() ? given[count++] : otherwise;
  };
  for (const std::string& name : names) {
    const auto* const found = std::find_if(std::begin(kActivations), std::end(kActivations), [&](const auto& entry) {
      return entry.name == absl::AsciiStrToLower(name);
    });
    if (found == std::end(kActivations)) {
      return absl::InvalidArgumentError(absl::StrCat("activation '", name, "' is not known"));
    }
    const float alpha = found->has_alpha ? next(alphas, alpha_count, found->alpha) : 0;
    const float beta = found->has_beta ? next(betas, beta_count, found->beta) : 0;
    if (!std::isfinite(alpha) || !std::isfinite(beta)) {
      return absl::InvalidArgumentError(absl::StrCat("activation '", name, "' needs a finite alpha and beta"));
    }
    activations.push_back({found->kind, alpha, beta});
  }
  return activations;
}

// One of a layer's directions: which weights are its own, and which way it walks.
struct Direction {
  int index = 0;
  int count = 1;
  bool backward = false;
};

// A direction's part of a constant input of shape [directions, sizes...].
absl::StatusOr<std::vector<float>> ReadWeights(const Node& node, Lowering& lowering, int i, absl::string_view name,
                                               std::vector<int64_t> sizes, const Direction& direction) {
  RECURD_ASSIGN_OR_RETURN(const Value* value, lowering.Constant(node, i));
  sizes.insert(sizes.begin(), direction.count);
  if (!value->elements->is_float() || value->axes.sizes != sizes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has shape ", value->axes.ToString(), "; expected ", Axes{sizes}.ToString()));
  }
  const int64_t count = value->axes.count() / direction.count;
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(count));
  std::vector<float> weights = value->elements->Numbers(direction.index * count, count);
  if (std::all_of(weights.begin(), weights.end(), [](float weight) { return std::isfinite(weight); })) return weights;
  return absl::InvalidArgumentError(absl::StrCat(name, " is not all finite"));
}

// Sequence lengths may only say what is so anyhow: every sequence has all steps.
absl::Status CheckSequenceLengths(const Node& node, Lowering& lowering) {
  if (!lowering.HasInput(node, 4)) return absl::OkStatus();
  RECURD_ASSIGN_OR_RETURN(const std::vector<Dim> lengths, lowering.Dims(node, 4));
  const StepCount steps = lowering.builder().steps();
  for (const Dim& length : lengths) {
    if (length == Dim{0, 1} || (steps && length == Dim{*steps, 0})) continue;
    const std::string found =
        length.per_step == 0 ? absl::StrCat("is ", length.fixed) : "depends on the number of steps";
    const std::string expected = steps ? absl::StrCat(*steps) : "whatever number a request has";
    return absl::InvalidArgumentError(absl::StrCat("its sequence_lens ", found, "; expected all steps of the input, ",
                                                   expected, ": leave sequence_lens out"));
  }
  return absl::OkStatus();
}

struct Layout {
  bool batch_first = false;
  std::vector<Direction> directions;
  int64_t hidden_size = 0;
  int64_t input_size = 0;
};

absl::StatusOr<Layout> ReadLayout(const Node& node, const Value& x) {
  Layout layout;
  RECURD_ASSIGN_OR_RETURN(const int64_t layout_number, node.Int("layout", 0));
  RECURD_ASSIGN_OR_RETURN(layout.hidden_size, node.Int("hidden_size", 0));
  RECURD_ASSIGN_OR_RETURN(const std::string direction, node.String("direction", "forward"));
  if (direction == "bidirectional") {
    layout.directions = {{0, 2, false}, {1, 2, true}};
  } else if (direction == "forward" || direction == "reverse") {
    layout.directions = {{0, 1, direction == "reverse"}};
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("its direction is '", direction, "'; expected forward, reverse or bidirectional"));
  }
  layout.batch_first = layout_number != 0;
  const int time = layout.batch_first ? 1 : 0;
  if (!x.is_per_step() || x.axes.rank() != 3 || x.axes.time != time || x.axes.sizes[1 - time] != 1) {
    // Tells ImportOnnx that another axis of the graph's inputs may be the time axis.
    return absl::FailedPreconditionError(
        absl::StrCat("its input X has shape ", x.axes.ToString(), "; expected ", time ? "[1,T,I]" : "[T,1,I]",
                     " with T steps and a batch of 1 (export with batch 1 or a dynamic batch)"));
  }
  layout.input_size = x.axes.sizes[2];
  constexpr int64_t kMaxHiddenSize = 1 << 20;
  if (layout.hidden_size < 1 || layout.hidden_size > kMaxHiddenSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("its hidden_size is ", layout.hidden_size, "; expected 1 to ", kMaxHiddenSize));
  }
  return layout;
}

// Adds the h or c of one of a layer's directions to the state and says where its initial value comes from.
absl::StatusOr<int> AddState(const Node& node, Lowering& lowering, int i, const Layout& layout,
                             const Direction& direction, const std::string& name) {
  const int hidden = static_cast<int>(layout.hidden_size);
  RECURD_RETURN_IF_ERROR(lowering.builder().Charge(hidden));
  LayerState state{{.name = name, .size = hidden}, std::vector<float>(hidden, 0.0F)};
  if (lowering.HasInput(node, i)) {
    RECURD_ASSIGN_OR_RETURN(const Value* value, lowering.Input(node, i));
    Axes axes{{direction.count, 1, hidden}};
    if (layout.batch_first) std::swap(axes.sizes[0], axes.sizes[1]);
    if (value->axes != axes) {
      return absl::InvalidArgumentError(
          absl::StrCat("its initial state has shape ", value->axes.ToString(), "; expected ", axes.ToString()));
    }
    if (value->is_computed() || (value->is_constant() && !value->elements->is_float())) {
      return absl::InvalidArgumentError("its initial state is computed from the inputs of the steps");
    }
    const int begin = direction.index * hidden;
    if (value->is_constant()) {
      state.initial = value->elements->Numbers(begin, hidden);
    } else {
      for (int j = 1; j < hidden; ++j) {
        if (value->places[begin + j] == value->places[begin] + j) continue;
        return absl::InvalidArgumentError("its initial state is not one run of its graph input");
      }
      state.state_input = value->state_input;
      state.spec.input_offset = value->places[begin];
    }
  }
  if (!std::all_of(state.initial.begin(), state.initial.end(), [](float value) { return std::isfinite(value); })) {
    return absl::InvalidArgumentError("its initial state is not all finite");
  }
  return lowering.builder().program().AddState(std::move(state));
}

absl::StatusOr<RecurrentOp> ReadWeights(const Node& node, Lowering& lowering, const CellTraits& traits,
                                        const Layout& layout, const Direction& direction) {
  const int64_t hidden = layout.hidden_size, rows = traits.gate_count * hidden;
  RecurrentOp op{.cell = traits.cell};
  op.input_weights = {static_cast<int>(rows), static_cast<int>(layout.input_size), {}};
  op.recurrent_weights = {static_cast<int>(rows), static_cast<int>(hidden), {}};
  RECURD_ASSIGN_OR_RETURN(op.input_weights.values,
                          ReadWeights(node, lowering, 1, "W", {rows, layout.input_size}, direction));
  RECURD_ASSIGN_OR_RETURN(op.recurrent_weights.values, ReadWeights(node, lowering, 2, "R", {rows, hidden}, direction));
  std::vector<float> biases(2 * rows, 0.0F);
  if (lowering.HasInput(node, 3)) {
    RECURD_ASSIGN_OR_RETURN(biases, ReadWeights(node, lowering, 3, "B", {2 * rows}, direction));
  }
  op.input_bias.assign(biases.begin(), biases.begin() + rows);
  op.recurrent_bias.assign(biases.begin() + rows, biases.end());
  if (traits.cell == CellKind::kLstm && lowering.HasInput(node, 7)) {
    RECURD_ASSIGN_OR_RETURN(op.peepholes, ReadWeights(node, lowering, 7, "P", {3 * hidden}, direction));
  }
  return op;
}

absl::Status ReadAttributes(const Node& node, const CellTraits& traits, const Direction& direction, RecurrentOp& op) {
  node.Has("output_sequence");
  RECURD_ASSIGN_OR_RETURN(const std::vector<Activation> functions, ReadActivations(node, traits, direction.count));
  const size_t count = functions.size() / direction.count;
  const auto begin = functions.begin() + static_cast<ptrdiff_t>(direction.index * count);
  op.activations.assign(begin, begin + static_cast<ptrdiff_t>(count));
  RECURD_ASSIGN_OR_RETURN(op.clip, node.Float("clip", 0));
  if (!(op.clip >= 0) || std::isinf(op.clip)) {
    return absl::InvalidArgumentError(absl::StrCat("its clip is ", op.clip, "; expected a positive number"));
  }
  if (traits.cell == CellKind::kGru) {
    RECURD_ASSIGN_OR_RETURN(const int64_t is_after, node.Int("linear_before_reset", 0));
    op.linear_before_reset = is_after != 0;
  }
  if (traits.cell == CellKind::kLstm) {
    RECURD_ASSIGN_OR_RETURN(const int64_t is_coupled, node.Int("input_forget", 0));
    op.input_forget = is_coupled != 0;
  }
  return absl::OkStatus();
}

// h, and for an LSTM c, of one direction, as places of the frame.
struct DirectionResult {
  Value h, c;
};

absl::StatusOr<DirectionResult> AddDirection(const Node& node, Lowering& lowering, const Layout& layout,
                                             const Direction& direction, const std::string& name) {
  const CellTraits traits = TraitsOf(node);
  Builder& builder = lowering.builder();
  RECURD_ASSIGN_OR_RETURN(const Value* x, lowering.Input(node, 0));
  if (direction.backward) RECURD_RETURN_IF_ERROR(builder.passes().NeedWholeSequence("it runs backward"));
  RECURD_ASSIGN_OR_RETURN(const int pass, builder.passes().Find(x->pass, direction.backward));
  RECURD_ASSIGN_OR_RETURN(RecurrentOp op, ReadWeights(node, lowering, traits, layout, direction));
  RECURD_RETURN_IF_ERROR(ReadAttributes(node, traits, direction, op));
  op.name = name;
  RECURD_ASSIGN_OR_RETURN(op.state_offset, AddState(node, lowering, 5, layout, direction, name + ".h"));
  int c_offset = 0;
  if (traits.cell == CellKind::kLstm) {
    RECURD_ASSIGN_OR_RETURN(c_offset, AddState(node, lowering, 6, layout, direction, name + ".c"));
  }
  RECURD_ASSIGN_OR_RETURN(op.in, builder.Gather(*x, pass));
  DirectionResult result;
  RECURD_ASSIGN_OR_RETURN(result.h, builder.NewValue(Axes{{layout.hidden_size}}, pass, &op.out));
  builder.program().ops.push_back(std::move(op));
  if (traits.cell != CellKind::kLstm || node.output(2).empty()) return result;
  Span out;
  RECURD_ASSIGN_OR_RETURN(result.c, builder.NewValue(Axes{{layout.hidden_size}}, pass, &out));
  builder.program().ops.push_back(StateReadOp{c_offset, out});
  return result;
}

// The directions' values side by side. Y is [T, directions, batch, H], with layout 1 [batch, T, directions, H]; Y_h and
// Y_c are [directions, batch, H], with layout 1 [batch, directions, H].
absl::Status DefineOutput(const Node& node, Lowering& lowering, int i, const Layout& layout,
                          const std::vector<const Value*>& directions) {
  if (node.output(i).empty()) return absl::OkStatus();
  const bool has_time = i == 0;
  const Axes axes =
      has_time ? Axes{{1, 1, 1, layout.hidden_size}, layout.batch_first ? 1 : 0} : Axes{{1, 1, layout.hidden_size}};
  std::vector<Value> values;
  for (const Value* value : directions) values.push_back(Builder::Reinterpret(*value, axes));
  std::vector<const Value*> pointers;
  for (const Value& value : values) pointers.push_back(&value);
  RECURD_ASSIGN_OR_RETURN(Value joined, lowering.builder().Concat(pointers, has_time + layout.batch_first));
  return lowering.Output(node, i, std::move(joined));
}

absl::Status LowerRecurrent(const Node& node, Lowering& lowering) {
  RECURD_ASSIGN_OR_RETURN(const Value* x, lowering.Input(node, 0));
  RECURD_ASSIGN_OR_RETURN(const Layout layout, ReadLayout(node, *x));
  RECURD_RETURN_IF_ERROR(CheckSequenceLengths(node, lowering));
  const std::string name = lowering.builder().program().UniqueName(node.Name());
  std::vector<DirectionResult> results;
  for (const Direction& direction : layout.directions) {
    const std::string own = direction.index > 0 ? lowering.builder().program().UniqueName(name + ".reverse") : name;
    RECURD_ASSIGN_OR_RETURN(results.emplace_back(), AddDirection(node, lowering, layout, direction, own));
  }
  std::vector<const Value*> h, c;
  for (const DirectionResult& result : results) {
    h.push_back(&result.h);
    c.push_back(&result.c);
  }
  RECURD_RETURN_IF_ERROR(DefineOutput(node, lowering, 0, layout, h));
  RECURD_RETURN_IF_ERROR(DefineOutput(node, lowering, 1, layout, h));
  if (node.op() != "LSTM") return absl::OkStatus();
  return DefineOutput(node, lowering, 2, layout, c);
}

constexpr LowererEntry kEntries[] = {
    {"GRU", LowerRecurrent},
    {"LSTM", LowerRecurrent},
    {"RNN", LowerRecurrent},
};

}  // namespace

absl::Span<const LowererEntry> RecurrentLowerers() { return kEntries; }

}  // namespace recurd::format
