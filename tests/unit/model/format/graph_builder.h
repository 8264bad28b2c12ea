#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/model/evaluate.h"
#include "server/model/format/onnx_import.h"

namespace recurd {

// Builds ONNX files for tests. Values are named by what adds them; nodes are named by the test.
class GraphBuilder {
 public:
  // A node under construction; stands for its first output.
  class NodeRef {
   public:
    explicit NodeRef(onnx::NodeProto* proto) : proto_(proto) {}
    operator std::string() const { return proto_->output(0); }
    std::string Output(int i) const { return proto_->output(i); }

    NodeRef& Set(const std::string& name, int value) {
      Add(name, onnx::AttributeProto::INT)->set_i(value);
      return *this;
    }
    NodeRef& Set(const std::string& name, float value) {
      Add(name, onnx::AttributeProto::FLOAT)->set_f(value);
      return *this;
    }
    NodeRef& Set(const std::string& name, const char* value) {
      Add(name, onnx::AttributeProto::STRING)->set_s(value);
      return *this;
    }
    NodeRef& Set(const std::string& name, const std::vector<int64_t>& values) {
      auto* attribute = Add(name, onnx::AttributeProto::INTS);
      for (int64_t value : values) attribute->add_ints(value);
      return *this;
    }
    NodeRef& Set(const std::string& name, const std::vector<float>& values) {
      auto* attribute = Add(name, onnx::AttributeProto::FLOATS);
      for (float value : values) attribute->add_floats(value);
      return *this;
    }
    NodeRef& Set(const std::string& name, const std::vector<std::string>& values) {
      auto* attribute = Add(name, onnx::AttributeProto::STRINGS);
      for (const std::string& value : values) attribute->add_strings(value);
      return *this;
    }

   private:
    onnx::AttributeProto* Add(const std::string& name, onnx::AttributeProto::AttributeType type) {
      auto* attribute = proto_->add_attribute();
      attribute->set_name(name);
      attribute->set_type(type);
      return attribute;
    }
    onnx::NodeProto* proto_;
  };

  explicit GraphBuilder(int opset = 14) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(opset);
  }

  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  // A graph input of floats; -1 is a dynamic axis.
  std::string Input(const std::string& name, const std::vector<int64_t>& sizes) {
    auto* info = graph().add_input();
    info->set_name(name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    type->mutable_shape();
    for (int64_t size : sizes) {
      auto* dim = type->mutable_shape()->add_dim();
      if (size >= 0) dim->set_dim_value(size);
      if (size < 0) dim->set_dim_param("dynamic");
    }
    return name;
  }

  std::string Floats(const std::vector<int64_t>& sizes, const std::vector<float>& values) {
    auto* tensor = AddTensor(onnx::TensorProto::FLOAT, sizes);
    for (float value : values) tensor->add_float_data(value);
    return tensor->name();
  }

  // A one-dimensional initializer of int64.
  std::string Integers(const std::vector<int64_t>& values) {
    auto* tensor = AddTensor(onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())});
    for (int64_t value : values) tensor->add_int64_data(value);
    return tensor->name();
  }

  NodeRef Node(const std::string& name, const std::string& op, const std::vector<std::string>& inputs,
               int output_count = 1) {
    auto* node = graph().add_node();
    node->set_name(name);
    node->set_op_type(op);
    for (const std::string& input : inputs) node->add_input(input);
    for (int i = 0; i < output_count; ++i) node->add_output(name + ".out" + std::to_string(i));
    return NodeRef(node);
  }

  void Output(const std::string& value) {
    auto* info = graph().add_output();
    info->set_name(value);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }

  // Input "x" [T,1,size], behind a recurrent layer named "layer" that gives its input back. Returns a value [T,1,size].
  std::string Through(int size) { return ThroughLayer(Input("x", {-1, 1, size}), size); }
  std::string ThroughLayer(const std::string& x, int size, const std::string& name = "layer") {
    std::vector<float> identity(size * size, 0.0F), zero(size * size, 0.0F);
    for (int i = 0; i < size; ++i) identity[i * size + i] = 1;
    auto layer = Node(name, "RNN", {x, Floats({1, size, size}, identity), Floats({1, size, size}, zero)}, 2);
    layer.Set("hidden_size", size).Set("activations", std::vector<std::string>{"Affine"});
    layer.Set("activation_alpha", std::vector<float>{1}).Set("activation_beta", std::vector<float>{0});
    return Node(name + ".squeeze", "Squeeze", {layer, Integers({1})});
  }

  std::string Bytes() const { return model_.SerializeAsString(); }
  absl::StatusOr<Model> Import() const { return ImportOnnx(Bytes(), "test", "1"); }
  // What import says against the graph; empty if nothing.
  std::string Refusal() const { return std::string(Import().status().message()); }

  // The output rows of all steps, from the model's own initial state. Fails the import's way with no values.
  std::vector<float> Run(const std::vector<float>& inputs) const {
    const absl::StatusOr<Model> model = Import();
    if (!model.ok()) return {};
    return Run(*model, inputs, model->initial_state);
  }
  static std::vector<float> Run(const Model& model, const std::vector<float>& inputs, std::vector<float> state) {
    const int steps = static_cast<int>(inputs.size()) / model.input_size;
    std::vector<float> outputs(static_cast<size_t>(steps) * model.output_size);
    Evaluate(model, inputs.data(), steps, state.data(), outputs.data());
    return outputs;
  }

 private:
  onnx::TensorProto* AddTensor(onnx::TensorProto::DataType type, const std::vector<int64_t>& sizes) {
    auto* tensor = graph().add_initializer();
    tensor->set_name("constant" + std::to_string(graph().initializer_size()));
    tensor->set_data_type(type);
    for (int64_t size : sizes) tensor->add_dims(size);
    return tensor;
  }

  onnx::ModelProto model_;
};

}  // namespace recurd
