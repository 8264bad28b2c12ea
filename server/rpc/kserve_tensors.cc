#include "server/rpc/kserve_tensors.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/rpc/kserve_parameters.h"
#include "server/session/finite.h"

namespace recurd::kserve {

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

namespace {

using inference::ModelInferRequest;
using InputTensor = ModelInferRequest::InferInputTensor;

// How a tensor lies against the engine's rows: `outer` blocks, each of the tensor's steps, of `inner` values.
struct Layout {
  int outer = 1, inner = 1;
};

Layout LayoutOf(const TensorSpec& spec) {
  if (!spec.has_time_axis) return {1, spec.row.size};
  Layout layout;
  for (size_t axis = 0; spec.shape[axis] != -1; ++axis) layout.outer *= static_cast<int>(spec.shape[axis]);
  layout.inner = spec.row.size / layout.outer;
  return layout;
}

int64_t CountOf(absl::Span<const int64_t> shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

std::string ShapeText(absl::Span<const int64_t> shape) { return absl::StrCat("[", absl::StrJoin(shape, ","), "]"); }

std::string ForInput(const InputTensor& input, const Model& model) {
  return absl::StrCat("input tensor '", Shown(input.name()), "' for model '", model.name, "'");
}

// One request's tensors on their way in. Everything is checked by the constructor's caller in the order of Read.
class Reader {
 public:
  Reader(const ModelInferRequest& request, const Model& model, int max_steps, Tensors* tensors, std::string* why)
      : request_(request), model_(model), max_steps_(max_steps), tensors_(*tensors), why_(*why) {}

  Refusal Read() {
    tensors_.steps = 0;
    tensors_.state.clear();
    Refusal refusal = CheckCounts();
    for (int i = 0; i < request_.inputs_size() && refusal == Refusal::kNone; ++i) refusal = CheckInput(i);
    if (refusal == Refusal::kNone) refusal = CheckAllThere();
    if (refusal == Refusal::kNone) refusal = ReadOutputs();
    if (refusal != Refusal::kNone) return refusal;
    const auto steps = static_cast<size_t>(tensors_.steps);
    tensors_.rows.resize(steps * static_cast<size_t>(model_.input_size));
    for (int i = 0; i < request_.inputs_size(); ++i) Copy(i);
    return CheckFinite();
  }

 private:
  const InputTensor& Input(int i) const { return request_.inputs(i); }
  bool is_raw() const { return request_.raw_input_contents_size() > 0; }

  const TensorSpec* FindSpec(const std::string& name) const {
    for (const TensorSpec& spec : model_.inputs) {
      if (spec.name == name) return &spec;
    }
    return nullptr;
  }
  const StateInputSpec* FindStateSpec(const std::string& name) const {
    for (const StateInputSpec& spec : model_.state_inputs) {
      if (spec.name == name) return &spec;
    }
    return nullptr;
  }

  Refusal CheckCounts() {
    const size_t most = model_.inputs.size() + model_.state_inputs.size();
    if (static_cast<size_t>(request_.inputs_size()) > most) {
      return Malformed("expected ", most, " inputs but got ", request_.inputs_size(), " inputs for model '",
                       model_.name, "'");
    }
    for (const InputTensor& input : request_.inputs()) {
      if (is_raw() && input.has_contents()) {
        return Malformed("contents field must not be specified when using raw_input_contents for '",
                         Shown(input.name()), "' for model '", model_.name, "'");
      }
    }
    if (is_raw() && request_.raw_input_contents_size() != request_.inputs_size()) {
      return Malformed("request has ", request_.inputs_size(), " inputs and ", request_.raw_input_contents_size(),
                       " raw_input_contents for model '", model_.name, "'; it takes one for each input, or none");
    }
    return Refusal::kNone;
  }

  Refusal CheckInput(int i) {
    const InputTensor& input = Input(i);
    for (int k = 0; k < i; ++k) {
      if (Input(k).name() == input.name()) return Malformed(ForInput(input, model_), " is given twice");
    }
    const TensorSpec* spec = FindSpec(input.name());
    const StateInputSpec* state = spec == nullptr ? FindStateSpec(input.name()) : nullptr;
    if (spec == nullptr && state == nullptr) return UnknownInput(input);
    if (const Refusal refusal = CheckKind(input); refusal != Refusal::kNone) return refusal;
    if (const Refusal refusal = CheckShape(input, spec ? spec->shape : state->shape); refusal != Refusal::kNone) {
      return refusal;
    }
    return CheckSize(i);
  }

  Refusal UnknownInput(const InputTensor& input) {
    const auto append = [](std::string* out, const auto& spec) { absl::StrAppend(out, "'", spec.name, "'"); };
    return Malformed("unexpected inference input '", Shown(input.name()), "' for model '", model_.name,
                     "', whose inputs are ", absl::StrJoin(model_.inputs, ", ", append),
                     model_.state_inputs.empty() ? "" : " and, for initial states, ",
                     absl::StrJoin(model_.state_inputs, ", ", append));
  }

  Refusal CheckKind(const InputTensor& input) {
    if (input.datatype() != "FP32") {
      return Malformed("inference ", ForInput(input, model_), " has data-type '", Shown(input.datatype()),
                       "', but the model expects 'FP32'");
    }
    return CheckNoSharedMemory(input);
  }

  // Its values would be elsewhere, so that it can't be ignored as other parameters are.
  template <typename Tensor>
  Refusal CheckNoSharedMemory(const Tensor& tensor) {
    for (const auto& [name, value] : tensor.parameters()) {
      if (name != "shared_memory_region") continue;
      why_ = absl::StrCat("shared memory is not supported: tensor '", Shown(tensor.name()), "' names the region '",
                          Shown(value.string_param()), "'; values travel in the messages");
      return Refusal::kUnsupported;
    }
    return Refusal::kNone;
  }

  // Takes the number of steps from the first input that has a time axis.
  Refusal CheckShape(const InputTensor& input, const std::vector<int64_t>& wanted) {
    const absl::Span<const int64_t> shape = {input.shape().data(), static_cast<size_t>(input.shape_size())};
    const bool same_rank = shape.size() == wanted.size();
    for (size_t axis = 0; same_rank && axis < shape.size(); ++axis) {
      if (wanted[axis] != -1) {
        if (shape[axis] != wanted[axis]) return WrongShape(input, shape, wanted);
        continue;
      }
      if (shape[axis] < 1 || shape[axis] > max_steps_) {
        why_ = absl::StrCat(ForInput(input, model_), " has ", shape[axis], " steps (axis ", axis, " of ",
                            ShapeText(shape), "); it takes 1 to ", max_steps_,
                            " (--max_chunk_steps): send more in several requests of one sequence");
        return Refusal::kTooManySteps;
      }
      const auto steps = static_cast<int>(shape[axis]);
      if (tensors_.steps != 0 && steps != tensors_.steps) {
        why_ = absl::StrCat(ForInput(input, model_), " has ", steps, " steps, another input has ", tensors_.steps,
                            "; all have to agree");
        return Refusal::kWrongLength;
      }
      tensors_.steps = steps;
    }
    return same_rank ? Refusal::kNone : WrongShape(input, shape, wanted);
  }

  Refusal WrongShape(const InputTensor& input, absl::Span<const int64_t> shape, const std::vector<int64_t>& wanted) {
    constexpr size_t kShownAxes = 16;
    why_ = absl::StrCat("unexpected shape for ", ForInput(input, model_), ". Expected ", ShapeText(wanted), ", got ",
                        ShapeText(shape.first(std::min(shape.size(), kShownAxes))),
                        shape.size() > kShownAxes ? " and more axes" : "");
    return Refusal::kWrongLength;
  }

  Refusal CheckSize(int i) {
    const InputTensor& input = Input(i);
    const int64_t count = CountOf({input.shape().data(), static_cast<size_t>(input.shape_size())});
    if (is_raw()) {
      const std::string& raw = request_.raw_input_contents(i);
      const int64_t bytes = count * static_cast<int64_t>(sizeof(float));
      if (static_cast<int64_t>(raw.size()) == bytes) return Refusal::kNone;
      why_ = absl::StrCat("unexpected total byte size ", raw.size(), " for ", ForInput(input, model_), ", expecting ",
                          bytes);
      return Refusal::kWrongLength;
    }
    const inference::InferTensorContents& contents = input.contents();
    if (contents.bool_contents_size() + contents.int_contents_size() + contents.int64_contents_size() +
            contents.uint_contents_size() + contents.uint64_contents_size() + contents.fp64_contents_size() +
            contents.bytes_contents_size() >
        0) {
      return Malformed("unexpected explicit tensor data for ", ForInput(input, model_),
                       ": FP32 values are in fp32_contents");
    }
    if (contents.fp32_contents_size() == 0) {
      return Malformed("unable to find data for ", ForInput(input, model_), " in request.");
    }
    if (contents.fp32_contents_size() == count) return Refusal::kNone;
    why_ = absl::StrCat("unexpected number of elements ", contents.fp32_contents_size(), " for ",
                        ForInput(input, model_), ", expecting ", count);
    return Refusal::kWrongLength;
  }

  Refusal CheckAllThere() {
    for (const TensorSpec& spec : model_.inputs) {
      const bool there = std::any_of(request_.inputs().begin(), request_.inputs().end(),
                                     [&](const InputTensor& input) { return input.name() == spec.name; });
      if (!there) {
        return Malformed("expected ", model_.inputs.size(), " inputs but got ", request_.inputs_size(),
                         " inputs for model '", model_.name, "': missing required input '", spec.name, "'");
      }
    }
    return Refusal::kNone;
  }

  Refusal ReadOutputs() {
    tensors_.outputs.clear();
    tensors_.last_only = true;
    if (static_cast<size_t>(request_.outputs_size()) > model_.outputs.size()) {
      return Malformed("request wants ", request_.outputs_size(), " outputs; model '", model_.name, "' has ",
                       model_.outputs.size());
    }
    for (const auto& wanted : request_.outputs()) {
      if (const Refusal refusal = CheckOutput(wanted); refusal != Refusal::kNone) return refusal;
    }
    for (size_t i = 0; request_.outputs().empty() && i < model_.outputs.size(); ++i) AddOutput(i);
    return Refusal::kNone;
  }

  Refusal CheckOutput(const ModelInferRequest::InferRequestedOutputTensor& wanted) {
    if (const Refusal refusal = CheckNoSharedMemory(wanted); refusal != Refusal::kNone) return refusal;
    for (const auto& [name, value] : wanted.parameters()) {
      if (name != "classification") continue;
      why_ = absl::StrCat("classification is not supported: output '", Shown(wanted.name()),
                          "' comes as the model's numbers only");
      return Refusal::kUnsupported;
    }
    for (size_t i = 0; i < model_.outputs.size(); ++i) {
      if (model_.outputs[i].name != wanted.name()) continue;
      const auto& chosen = tensors_.outputs;
      if (std::find(chosen.begin(), chosen.end(), static_cast<int>(i)) != chosen.end()) {
        return Malformed("output '", wanted.name(), "' of model '", model_.name, "' is requested twice");
      }
      AddOutput(i);
      return Refusal::kNone;
    }
    return Malformed("unexpected inference output '", Shown(wanted.name()), "' for model '", model_.name, "'");
  }

  void AddOutput(size_t i) {
    tensors_.outputs.push_back(static_cast<int>(i));
    if (model_.outputs[i].has_time_axis) tensors_.last_only = false;
  }

  const char* DataOf(int i) const {
    if (is_raw()) return request_.raw_input_contents(i).data();
    return reinterpret_cast<const char*>(Input(i).contents().fp32_contents().data());
  }

  void Copy(int i) {
    const char* from = DataOf(i);
    const TensorSpec* spec = FindSpec(Input(i).name());
    if (spec == nullptr) return CopyState(Input(i).name(), from);
    const Layout layout = LayoutOf(*spec);
    const size_t bytes = static_cast<size_t>(layout.inner) * sizeof(float);
    for (int outer = 0; outer < layout.outer; ++outer) {
      float* to = tensors_.rows.data() + spec->row.offset + outer * layout.inner;
      for (int step = 0; step < tensors_.steps; ++step) {
        std::memcpy(to, from, bytes);
        to += model_.input_size;
        from += bytes;
      }
    }
  }

  void CopyState(const std::string& name, const char* from) {
    if (tensors_.state.empty()) tensors_.state = model_.initial_state;
    for (const StateSpec& state : model_.states) {
      if (state.input_name != name) continue;
      std::memcpy(tensors_.state.data() + state.offset, from + static_cast<size_t>(state.input_offset) * sizeof(float),
                  static_cast<size_t>(state.size) * sizeof(float));
    }
  }

  Refusal CheckFinite() {
    if (AllFinite(tensors_.rows) && AllFinite(tensors_.state)) return Refusal::kNone;
    why_ = absl::StrCat("the inputs for model '", model_.name, "' hold a NaN or an infinity; nothing was computed");
    return Refusal::kNotFinite;
  }

  template <typename... Parts>
  Refusal Malformed(const Parts&... parts) {
    why_ = absl::StrCat(parts...);
    return Refusal::kMalformed;
  }

  const ModelInferRequest& request_;
  const Model& model_;
  const int max_steps_;
  Tensors& tensors_;
  std::string& why_;
};

}  // namespace

Refusal ReadTensors(const ModelInferRequest& request, const Model& model, int max_steps, Tensors* tensors,
                    std::string* why) {
  return Reader(request, model, max_steps, tensors, why).Read();
}

void WriteOutputs(const Model& model, const Tensors& tensors, absl::Span<const float> rows,
                  inference::ModelInferResponse* response) {
  const auto row_count = static_cast<int>(rows.size() / static_cast<size_t>(model.output_size));
  for (const int index : tensors.outputs) {
    const TensorSpec& spec = model.outputs[static_cast<size_t>(index)];
    auto* tensor = response->add_outputs();
    tensor->set_name(spec.name);
    tensor->set_datatype("FP32");
    for (const int64_t size : spec.shape) tensor->add_shape(size == -1 ? tensors.steps : size);
    const int steps = spec.has_time_axis ? row_count : 1;
    const Layout layout = LayoutOf(spec);
    const size_t bytes = static_cast<size_t>(layout.inner) * sizeof(float);
    std::string* raw = response->add_raw_output_contents();
    raw->resize(static_cast<size_t>(steps) * static_cast<size_t>(spec.row.size) * sizeof(float));
    char* to = raw->data();
    for (int outer = 0; outer < layout.outer; ++outer) {
      const float* from = rows.data() + static_cast<ptrdiff_t>(row_count - steps) * model.output_size +
                          spec.row.offset + outer * layout.inner;
      for (int step = 0; step < steps; ++step) {
        std::memcpy(to, from, bytes);
        from += model.output_size;
        to += bytes;
      }
    }
  }
}

}  // namespace recurd::kserve
