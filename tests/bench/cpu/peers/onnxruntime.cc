// ONNX Runtime by its C API: one operator GRU or LSTM a model, one thread, inputs and outputs bound before the first
// run. Two bindings take turns, so that each run's state is fed to the next.
#include <dlfcn.h>
#include <onnx/onnx_pb.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/cpu/peers/ort_api.h"
#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {
namespace {

using Shape = std::vector<int64_t>;

void Declare(const char* name, const Shape& shape, onnx::ValueInfoProto* value) {
  value->set_name(name);
  auto* type = value->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t size : shape) type->mutable_shape()->add_dim()->set_dim_value(size);
}

void AddConstant(const char* name, const Shape& shape, const std::vector<float>& values, onnx::GraphProto* graph) {
  auto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t size : shape) tensor->add_dims(size);
  tensor->mutable_float_data()->Add(values.begin(), values.end());
}

void AddAttribute(const char* name, int value, onnx::NodeProto* node) {
  auto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

// A value of a layer that is bound from outside.
struct Port {
  const char* name;
  Shape shape;
  bool output;
};
std::vector<Port> PortsOf(const Layer& layer) {
  const Shape state = {1, 1, layer.hidden_size};
  std::vector<Port> ports = {{"x", {layer.steps, 1, layer.input_size}, false},
                             {"h", state, false},
                             {"y", {layer.steps, 1, 1, layer.hidden_size}, true},
                             {"next_h", state, true}};
  if (layer.cell == LayerCell::kLstm) {
    ports.push_back({"c", state, false});
    ports.push_back({"next_c", state, true});
  }
  return ports;
}

std::string ModelOf(const Layer& layer) {
  const bool lstm = layer.cell == LayerCell::kLstm;
  const int hidden = layer.hidden_size, rows = (lstm ? 4 : 3) * hidden;
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(14);
  onnx::GraphProto* graph = model.mutable_graph();
  graph->set_name("layer");
  for (const Port& port : PortsOf(layer)) {
    Declare(port.name, port.shape, port.output ? graph->add_output() : graph->add_input());
  }
  const auto floats = [](const float* from, int count) { return std::vector<float>(from, from + count); };
  AddConstant("w", {1, rows, layer.input_size}, floats(layer.input_weights, rows * layer.input_size), graph);
  AddConstant("r", {1, rows, hidden}, floats(layer.recurrent_weights, rows * hidden), graph);
  std::vector<float> bias = floats(layer.input_bias, rows);
  bias.insert(bias.end(), layer.recurrent_bias, layer.recurrent_bias + rows);
  AddConstant("b", {1, 2 * rows}, bias, graph);

  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(lstm ? "LSTM" : "GRU");
  for (const char* input : {"x", "w", "r", "b", "", "h"}) node->add_input(input);
  for (const char* output : {"y", "next_h"}) node->add_output(output);
  if (lstm) {
    node->add_input("c");
    node->add_output("next_c");
  } else {
    AddAttribute("linear_before_reset", layer.cell == LayerCell::kGruResetAfter, node);
  }
  AddAttribute("hidden_size", hidden, node);
  return model.SerializeAsString();
}

// Throws what went wrong.
void Check(const ort::Api& api, ort::Status* status) {
  if (status == nullptr) return;
  const std::string message = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  throw std::runtime_error("ONNX Runtime: " + message);
}

class OrtRunner final : public Runner {
 public:
  OrtRunner(const ort::Api& api, const ort::Env* env, const Layer& layer)
      : api_(api),
        outputs_(static_cast<size_t>(layer.steps) * layer.hidden_size),
        h_{std::vector<float>(layer.hidden_size), std::vector<float>(layer.hidden_size)},
        c_(h_, h_ + 2) {
    ort::SessionOptions* options = nullptr;
    Check(api_, api_.CreateSessionOptions(&options));
    Check(api_, api_.SetSessionExecutionMode(options, ort::kSequential));
    Check(api_, api_.SetIntraOpNumThreads(options, 1));
    Check(api_, api_.SetInterOpNumThreads(options, 1));
    const std::string model = ModelOf(layer);
    Check(api_, api_.CreateSessionFromArray(env, model.data(), model.size(), options, &session_));
    api_.ReleaseSessionOptions(options);
    Check(api_, api_.CreateCpuMemoryInfo(ort::kDeviceAllocator, ort::kDefaultMemory, &memory_));
    for (int turn = 0; turn < 2; ++turn) {
      Check(api_, api_.CreateIoBinding(session_, &bindings_[turn]));
      for (const Port& port : PortsOf(layer)) Bind(turn, port, MemoryOf(layer, turn, port.name));
    }
  }
  ~OrtRunner() override {
    for (ort::IoBinding* binding : bindings_) api_.ReleaseIoBinding(binding);
    for (ort::Value* value : values_) api_.ReleaseValue(value);
    api_.ReleaseMemoryInfo(memory_);
    api_.ReleaseSession(session_);
  }

  void Run(int count) override {
    for (int i = 0; i < count; ++i) {
      Check(api_, api_.RunWithBinding(session_, nullptr, bindings_[turn_]));
      turn_ = 1 - turn_;
    }
  }
  const float* Outputs() override { return outputs_.data(); }

 private:
  float* MemoryOf(const Layer& layer, int turn, const std::string& port) {
    if (port == "x") return const_cast<float*>(layer.inputs) + turn * layer.steps * layer.input_size;
    if (port == "h") return h_[turn].data();
    if (port == "next_h") return h_[1 - turn].data();
    if (port == "c") return c_[turn].data();
    if (port == "next_c") return c_[1 - turn].data();
    return outputs_.data();
  }

  void Bind(int turn, const Port& port, float* data) {
    size_t bytes = sizeof(float);
    for (const int64_t size : port.shape) bytes *= static_cast<size_t>(size);
    ort::Value*& value = values_.emplace_back();
    Check(api_,
          api_.CreateTensorWithData(memory_, data, bytes, port.shape.data(), port.shape.size(), ort::kFloat, &value));
    ort::IoBinding* binding = bindings_[turn];
    Check(api_, port.output ? api_.BindOutput(binding, port.name, value) : api_.BindInput(binding, port.name, value));
  }

  const ort::Api& api_;
  std::vector<float> outputs_, h_[2];
  std::vector<std::vector<float>> c_;
  ort::Session* session_ = nullptr;
  ort::MemoryInfo* memory_ = nullptr;
  ort::IoBinding* bindings_[2] = {};
  std::vector<ort::Value*> values_;
  int turn_ = 0;
};

const ort::ApiBase& Load(const char* library) {
  void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  const auto get_base = reinterpret_cast<const ort::ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) throw std::runtime_error(std::string(library) + " has no OrtGetApiBase");
  return *get_base();
}

const void* const* TableOf(const ort::ApiBase& base) {
  const std::string version = base.get_version();
  if (std::atoi(version.c_str()) != 1) throw std::runtime_error("it is version " + version + ", not 1.x");
  const void* const* table = base.get_api(ort::kApiVersion);
  if (table == nullptr) throw std::runtime_error("version " + version + " is older than API 14");
  return table;
}

class OnnxRuntime final : public Peer {
 public:
  explicit OnnxRuntime(const char* library) : base_(Load(library)), api_{TableOf(base_)} {
    Check(api_, api_.CreateEnv(ort::kLogErrors, "bench", &env_));
  }
  ~OnnxRuntime() override { api_.ReleaseEnv(env_); }
  std::string Version() const override { return std::string("ONNX Runtime ") + base_.get_version(); }
  std::unique_ptr<Runner> Make(const Layer& layer) override { return std::make_unique<OrtRunner>(api_, env_, layer); }

 private:
  const ort::ApiBase& base_;
  const ort::Api api_;
  ort::Env* env_ = nullptr;
};

}  // namespace
}  // namespace recurd::bench

extern "C" recurd::bench::Peer* recurd_make_peer(const char* library) {
  return new recurd::bench::OnnxRuntime(library);
}
