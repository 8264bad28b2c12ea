#include "server/rpc/kserve_tensors.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/rpc/kserve_layout.h"
#include "server/rpc/kserve_parameters.h"
#include "server/session/finite.h"

namespace recurd::kserve {

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

namespace {

constexpr int64_t kMaxBatchStateBytes = 16 << 20;

using inference::ModelInferRequest;
using InputTensor = ModelInferRequest::InferInputTensor;

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
      : request_(request),
        model_(model),
        max_steps_(max_steps),
        takes_batches_(TakesBatches(model)),
        tensors_(*tensors),
        why_(*why) {}

  Refusal Read() {
    tensors_.steps = 0;
    tensors_.batch = takes_batches_ ? 0 : 1;
    tensors_.state.clear();
    Refusal refusal = CheckCounts();
    for (int i = 0; i < request_.inputs_size() && refusal == Refusal::kNone; ++i) refusal = CheckInput(i);
    if (refusal == Refusal::kNone) refusal = CheckAllThere();
    if (refusal == Refusal::kNone) refusal = CheckLengths();
    if (refusal == Refusal::kNone) refusal = CheckStates();
    if (refusal == Refusal::kNone) refusal = ReadOutputs();
    if (refusal != Refusal::kNone) return refusal;
    const auto rows = static_cast<size_t>(tensors_.batch) * static_cast<size_t>(tensors_.steps);
    tensors_.rows.resize(rows * static_cast<size_t>(model_.input_size));
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

  bool IsLength(const std::string& name) const {
    return std::find(model_.length_inputs.begin(), model_.length_inputs.end(), name) != model_.length_inputs.end();
  }

  Refusal CheckCounts() {
    const size_t most = model_.inputs.size() + model_.state_inputs.size() + model_.length_inputs.size();
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
    if (spec == nullptr && state == nullptr) {
      if (!IsLength(input.name())) return UnknownInput(input);
      return CheckKind(input, input.datatype() == "INT64" ? "INT64" : "INT32");
    }
    if (const Refusal refusal = CheckKind(input, "FP32"); refusal != Refusal::kNone) return refusal;
    const Refusal refusal =
        spec ? CheckShape(input, spec->shape, spec->batch_axis) : CheckShape(input, state->shape, state->batch_axis);
    return refusal == Refusal::kNone ? CheckSize(i) : refusal;
  }

  Refusal UnknownInput(const InputTensor& input) {
    const auto append = [](std::string* out, const auto& spec) { absl::StrAppend(out, "'", spec.name, "'"); };
    return Malformed("unexpected inference input '", Shown(input.name()), "' for model '", model_.name,
                     "', whose inputs are ", absl::StrJoin(model_.inputs, ", ", append),
                     model_.state_inputs.empty() ? "" : " and, for initial states, ",
                     absl::StrJoin(model_.state_inputs, ", ", append));
  }

  Refusal CheckKind(const InputTensor& input, const char* type) {
    if (input.datatype() != type) {
      return Malformed("inference ", ForInput(input, model_), " has data-type '", Shown(input.datatype()),
                       "', but the model expects '", type, "'");
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

  // Takes the number of steps, and of sequences, from the first input that has an axis for it.
  Refusal CheckShape(const InputTensor& input, const std::vector<int64_t>& wanted, int batch_axis) {
    const absl::Span<const int64_t> shape = {input.shape().data(), static_cast<size_t>(input.shape_size())};
    if (shape.size() != wanted.size()) return WrongShape(input, shape, wanted);
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      Refusal refusal = Refusal::kNone;
      if (wanted[axis] == -1) {
        refusal = TakeSteps(input, shape, axis);
      } else if (takes_batches_ && static_cast<int>(axis) == batch_axis) {
        refusal = TakeBatch(input, shape, axis);
      } else if (shape[axis] != wanted[axis]) {
        refusal = WrongShape(input, shape, wanted);
      }
      if (refusal != Refusal::kNone) return refusal;
    }
    return Refusal::kNone;
  }

  Refusal TakeSteps(const InputTensor& input, absl::Span<const int64_t> shape, size_t axis) {
    if (shape[axis] < 1 || shape[axis] > max_steps_) {
      why_ =
          absl::StrCat(ForInput(input, model_), " has ", shape[axis], " steps (axis ", axis, " of ", ShapeText(shape),
                       "); it takes 1 to ", max_steps_, " (--max_chunk_steps): ",
                       model_.streams() ? "send more in several requests of one sequence" : "send shorter sequences");
      return Refusal::kTooManySteps;
    }
    return Agree(input, static_cast<int>(shape[axis]), &tensors_.steps, "steps");
  }

  Refusal TakeBatch(const InputTensor& input, absl::Span<const int64_t> shape, size_t axis) {
    if (shape[axis] < 1 || shape[axis] > kMaxBatch) {
      why_ = absl::StrCat(ForInput(input, model_), " has ", shape[axis], " sequences (axis ", axis, " of ",
                          ShapeText(shape), "); a request takes 1 to ", kMaxBatch, ": send several");
      return Refusal::kWrongLength;
    }
    return Agree(input, static_cast<int>(shape[axis]), &tensors_.batch, "sequences");
  }

  Refusal Agree(const InputTensor& input, int count, int* known, const char* of_what) {
    if (*known == 0) *known = count;
    if (*known == count) return Refusal::kNone;
    why_ = absl::StrCat(ForInput(input, model_), " has ", count, " ", of_what, ", another input has ", *known,
                        "; all have to agree");
    return Refusal::kWrongLength;
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

  // One small input may stand for states of many layers.
  Refusal CheckStates() {
    const bool given = std::any_of(request_.inputs().begin(), request_.inputs().end(),
                                   [&](const InputTensor& input) { return FindStateSpec(input.name()) != nullptr; });
    const int64_t bytes = int64_t{tensors_.batch} * model_.state_size() * static_cast<int64_t>(sizeof(float));
    if (!given || tensors_.batch == 1 || bytes <= kMaxBatchStateBytes) return Refusal::kNone;
    why_ = absl::StrCat("initial states for ", tensors_.batch, " sequences to model '", model_.name, "' take ", bytes,
                        " bytes; the limit is ", kMaxBatchStateBytes, ": send fewer sequences in a request");
    return Refusal::kWrongLength;
  }

  // Inputs that say how long the sequences are may say nothing else.
  Refusal CheckLengths() {
    Refusal refusal = Refusal::kNone;
    for (int i = 0; i < request_.inputs_size() && refusal == Refusal::kNone; ++i) {
      if (!IsLength(Input(i).name())) continue;
      const auto& contents = Input(i).contents();
      refusal = Input(i).datatype() == "INT64" ? CheckLength<int64_t>(i, contents.int64_contents())
                                               : CheckLength<int32_t>(i, contents.int_contents());
    }
    return refusal;
  }

  // One number for each sequence.
  template <typename Int>
  Refusal CheckLength(int i, const google::protobuf::RepeatedField<Int>& typed) {
    const InputTensor& input = Input(i);
    const absl::Span<const int64_t> shape = {input.shape().data(), static_cast<size_t>(input.shape_size())};
    if (shape.size() > 1 || CountOf(shape) != tensors_.batch) return WrongShape(input, shape, {tensors_.batch});
    const size_t bytes = static_cast<size_t>(tensors_.batch) * sizeof(Int);
    const size_t found = is_raw() ? request_.raw_input_contents(i).size() : typed.size() * sizeof(Int);
    if (found != bytes) {
      why_ =
          absl::StrCat("unexpected total byte size ", found, " for ", ForInput(input, model_), ", expecting ", bytes);
      return Refusal::kWrongLength;
    }
    const char* from = is_raw() ? request_.raw_input_contents(i).data() : reinterpret_cast<const char*>(typed.data());
    for (size_t at = 0; at < bytes; at += sizeof(Int)) {
      Int steps;
      std::memcpy(&steps, from + at, sizeof steps);
      if (steps == tensors_.steps) continue;
      why_ = absl::StrCat(ForInput(input, model_), " says ", steps, " steps, the other inputs have ", tensors_.steps,
                          "; send sequences of another length in a request of their own");
      return Refusal::kWrongLength;
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
    const std::string& name = Input(i).name();
    if (IsLength(name)) return;
    const char* from = DataOf(i);
    const TensorSpec* spec = FindSpec(name);
    if (spec == nullptr) return CopyState(*FindStateSpec(name), from);
    const Layout layout = LayoutOf(*spec, spec->row.size, true, tensors_.batch);
    const size_t bytes = static_cast<size_t>(layout.inner) * sizeof(float);
    ForEachPiece(layout, tensors_.batch, tensors_.steps, [&](size_t at, int sequence, int step, int offset) {
      const auto row = static_cast<size_t>(sequence) * static_cast<size_t>(tensors_.steps) + static_cast<size_t>(step);
      float* to = tensors_.rows.data() + row * static_cast<size_t>(model_.input_size) + spec->row.offset + offset;
      std::memcpy(to, from + at * sizeof(float), bytes);
    });
  }

  void CopyState(const StateInputSpec& input, const char* from) {
    const size_t size = model_.initial_state.size();
    while (tensors_.state.size() < static_cast<size_t>(tensors_.batch) * size) {
      tensors_.state.insert(tensors_.state.end(), model_.initial_state.begin(), model_.initial_state.end());
    }
    const Layout layout = LayoutOf(input, static_cast<int>(CountOf(input.shape)), false, tensors_.batch);
    ForEachPiece(layout, tensors_.batch, 1, [&](size_t at, int sequence, int, int offset) {
      float* to = tensors_.state.data() + static_cast<size_t>(sequence) * size;
      for (const StateSpec& state : model_.states) {
        if (state.input_name != input.name) continue;
        const int begin = std::max(offset, state.input_offset);
        const int end = std::min(offset + layout.inner, state.input_offset + state.size);
        if (begin >= end) continue;
        std::memcpy(to + state.offset + (begin - state.input_offset),
                    from + (at + static_cast<size_t>(begin - offset)) * sizeof(float),
                    static_cast<size_t>(end - begin) * sizeof(float));
      }
    });
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
  const bool takes_batches_;
  Tensors& tensors_;
  std::string& why_;
};

}  // namespace

bool TakesBatches(const Model& model) {
  const auto has_axis = [](const auto& spec) { return spec.batch_axis >= 0; };
  return std::all_of(model.inputs.begin(), model.inputs.end(), has_axis) &&
         std::all_of(model.outputs.begin(), model.outputs.end(), has_axis) &&
         std::all_of(model.state_inputs.begin(), model.state_inputs.end(), has_axis);
}

Refusal ReadTensors(const ModelInferRequest& request, const Model& model, int max_steps, Tensors* tensors,
                    std::string* why) {
  return Reader(request, model, max_steps, tensors, why).Read();
}

void WriteOutputs(const Model& model, const Tensors& tensors, absl::Span<const float> rows,
                  inference::ModelInferResponse* response) {
  const auto batch = static_cast<size_t>(tensors.batch);
  const auto width = static_cast<size_t>(model.output_size);
  const size_t row_count = rows.size() / width / batch;  // of a sequence
  for (const int index : tensors.outputs) {
    const TensorSpec& spec = model.outputs[static_cast<size_t>(index)];
    auto* tensor = response->add_outputs();
    tensor->set_name(spec.name);
    tensor->set_datatype("FP32");
    for (const int64_t size : spec.shape) tensor->add_shape(size == -1 ? tensors.steps : size);
    if (tensors.batch > 1) tensor->set_shape(spec.batch_axis, tensors.batch);
    const size_t steps = spec.has_time_axis ? row_count : 1;
    const Layout layout = LayoutOf(spec, spec.row.size, spec.has_time_axis, tensors.batch);
    const size_t bytes = static_cast<size_t>(layout.inner) * sizeof(float);
    std::string* raw = response->add_raw_output_contents();
    raw->resize(batch * steps * static_cast<size_t>(spec.row.size) * sizeof(float));
    char* to = raw->data();
    ForEachPiece(layout, tensors.batch, static_cast<int>(steps), [&](size_t at, int sequence, int step, int offset) {
      const size_t row = static_cast<size_t>(sequence) * row_count + row_count - steps + static_cast<size_t>(step);
      std::memcpy(to + at * sizeof(float), rows.data() + row * width + spec.row.offset + offset, bytes);
    });
  }
}

}  // namespace recurd::kserve
