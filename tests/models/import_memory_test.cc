// What the import of a file holds at most, counted at operator new: a daemon must not need many times a model's size to
// load it.
#include <gtest/gtest.h>
#include <malloc.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "server/model/format/onnx_import.h"

namespace {

std::atomic<int64_t> held_bytes{0}, peak_bytes{0};

void* Allocate(size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  const int64_t held = held_bytes += static_cast<int64_t>(malloc_usable_size(memory));
  int64_t peak = peak_bytes;
  while (held > peak && !peak_bytes.compare_exchange_weak(peak, held)) {
  }
  return memory;
}

void Free(void* memory) {
  if (memory != nullptr) held_bytes -= static_cast<int64_t>(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete[](void* memory, size_t) noexcept { Free(memory); }

namespace recurd {
namespace {

// How weights stand in the file, and the node that makes floats of them.
struct Storage {
  const char* name;
  onnx::TensorProto::DataType type;
  std::string element;  // its bytes; empty: floats in float_data
  const char* op = "";
  bool has_scale_per_channel = false;
};

void PrintTo(const Storage& storage, std::ostream* out) { *out << storage.name; }

// GRU layers one on the other and a dense layer.
struct Shape {
  const char* name;
  int inputs, hidden, layer_count, outputs;
  const char* dense = "MatMul";  // or Gemm, which has one row of weights an output
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

template <typename T>
std::string BytesOf(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

class BigFile {
 public:
  BigFile(const Storage& storage, const Shape& shape) : storage_(storage) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(14);
    Name(*graph().add_input(), "x", shape.inputs);
    std::string value = "x";
    const int hidden = shape.hidden;
    for (int i = 0; i < shape.layer_count; ++i) {
      const std::string w = Weights({1, 3 * hidden, i == 0 ? shape.inputs : hidden});
      onnx::NodeProto& layer = Node("GRU", {value, w, Weights({1, 3 * hidden, hidden})});
      Set(layer, "hidden_size", hidden);
      const bool is_last = i == shape.layer_count - 1;
      value =
          Node("Reshape", {layer.output(0), is_last ? Integers({-1, hidden}) : Integers({-1, 1, hidden})}).output(0);
    }
    const bool is_gemm = std::string(shape.dense) == "Gemm";
    const std::string weights = is_gemm ? Weights({shape.outputs, hidden}) : Weights({hidden, shape.outputs});
    onnx::NodeProto& dense = Node(shape.dense, {value, weights});
    if (is_gemm) Set(dense, "transB", 1);
    Name(*graph().add_output(), dense.output(0), 0);
  }

  std::string Bytes() const { return model_.SerializeAsString(); }
  int64_t weight_bytes() const { return weight_bytes_; }

 private:
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  // An input of so many features; an output says none.
  static void Name(onnx::ValueInfoProto& info, const std::string& name, int feature_count) {
    info.set_name(name);
    auto* type = info.mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    if (feature_count == 0) return;
    type->mutable_shape()->add_dim()->set_dim_param("steps");
    type->mutable_shape()->add_dim()->set_dim_value(1);
    type->mutable_shape()->add_dim()->set_dim_value(feature_count);
  }

  // A node that stays where it is.
  onnx::NodeProto& Node(const std::string& op, const std::vector<std::string>& inputs) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name(op + std::to_string(graph().node_size()));
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(node.name() + ".out");
    return node;
  }

  static void Set(onnx::NodeProto& node, const std::string& name, int value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }

  onnx::TensorProto& Tensor(onnx::TensorProto::DataType type, const std::vector<int64_t>& sizes) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name("tensor" + std::to_string(graph().initializer_size()));
    tensor.set_data_type(type);
    for (const int64_t size : sizes) tensor.add_dims(size);
    return tensor;
  }

  std::string Integers(const std::vector<int64_t>& values) {
    onnx::TensorProto& tensor = Tensor(onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())});
    for (const int64_t value : values) tensor.add_int64_data(value);
    return tensor.name();
  }

  // The name of a tensor that is the same everywhere.
  std::string Filled(onnx::TensorProto::DataType type, const std::vector<int64_t>& sizes, const std::string& element) {
    onnx::TensorProto& tensor = Tensor(type, sizes);
    std::string bytes;
    for (int64_t i = CountOf(sizes); i > 0; --i) bytes += element;
    tensor.set_raw_data(std::move(bytes));
    return tensor.name();
  }

  static int64_t CountOf(const std::vector<int64_t>& sizes) {
    int64_t count = 1;
    for (const int64_t size : sizes) count *= size;
    return count;
  }

  // The name of a value that holds them.
  std::string Weights(std::vector<int64_t> sizes) {
    const int64_t count = CountOf(sizes);
    weight_bytes_ += count * static_cast<int64_t>(sizeof(float));
    if (storage_.element.empty()) {
      onnx::TensorProto& tensor = Tensor(storage_.type, sizes);
      tensor.mutable_float_data()->Resize(static_cast<int>(count), 0.001F);
      return tensor.name();
    }
    const std::string op = storage_.op;
    if (op == "Transpose") std::reverse(sizes.begin(), sizes.end());
    const std::string stored = Filled(storage_.type, sizes, storage_.element);
    if (op.empty()) return stored;
    if (op == "DequantizeLinear") {
      std::vector<int64_t> channels;
      if (storage_.has_scale_per_channel) channels.push_back(sizes[1]);
      const std::string scale = Filled(onnx::TensorProto::FLOAT, channels, BytesOf(0.001F));
      return Node(op, {stored, scale, Filled(storage_.type, channels, storage_.element)}).output(0);
    }
    onnx::NodeProto& node = Node(op, {stored});
    if (op == "Cast") Set(node, "to", onnx::TensorProto::FLOAT);
    return node.output(0);
  }

  const Storage& storage_;
  int64_t weight_bytes_ = 0;
  onnx::ModelProto model_;
};

class ImportMemoryTest : public testing::TestWithParam<std::tuple<Storage, Shape>> {};

INSTANTIATE_TEST_SUITE_P(
    Files, ImportMemoryTest,
    testing::Combine(
        testing::Values(Storage{"Raw", onnx::TensorProto::FLOAT, BytesOf(0.001F)},
                        Storage{"FloatData", onnx::TensorProto::FLOAT, ""},
                        Storage{"Transposed", onnx::TensorProto::FLOAT, BytesOf(0.001F), "Transpose"},
                        Storage{"Half", onnx::TensorProto::FLOAT16, BytesOf<uint16_t>(0x1400), "Cast"},
                        Storage{"BrainFloat", onnx::TensorProto::BFLOAT16, BytesOf<uint16_t>(0x3a80), "Cast"},
                        Storage{"Double", onnx::TensorProto::DOUBLE, BytesOf(0.001), "Cast"},
                        Storage{"Int8", onnx::TensorProto::INT8, BytesOf<int8_t>(-1), "DequantizeLinear"},
                        Storage{"Uint8", onnx::TensorProto::UINT8, BytesOf<uint8_t>(128), "DequantizeLinear", true},
                        Storage{"Int16", onnx::TensorProto::INT16, BytesOf<int16_t>(-1), "DequantizeLinear", true},
                        Storage{"Int32", onnx::TensorProto::INT32, BytesOf<int32_t>(-1), "DequantizeLinear"}),
        testing::Values(Shape{"Layers", 512, 512, 2, 512}, Shape{"Small", 64, 64, 1, 64},
                        Shape{"WideInput", 30000, 64, 1, 64}, Shape{"WideOutput", 64, 64, 1, 90000},
                        Shape{"WideGemm", 64, 64, 1, 90000, "Gemm"})),
    [](const auto& info) {
      return std::string(std::get<Storage>(info.param).name) + std::get<Shape>(info.param).name;
    });

TEST_P(ImportMemoryTest, HoldsAtMostFourTimesTheFileAndItsWeights) {
  std::string bytes;
  int64_t weight_bytes = 0;
  {
    const BigFile file(std::get<Storage>(GetParam()), std::get<Shape>(GetParam()));
    bytes = file.Bytes();
    weight_bytes = file.weight_bytes();
  }
  const int64_t before = held_bytes;
  peak_bytes = before;
  const absl::StatusOr<Model> model = ImportOnnx(bytes, "big", "1");
  const int64_t growth = peak_bytes - before, kept = held_bytes - before;
  ASSERT_TRUE(model.ok()) << model.status();
  const auto file_bytes = static_cast<int64_t>(bytes.size());
  printf("file %ld KiB, weights %ld KiB; held at most %ld KiB, %.2f of the file; in the end %ld KiB\n",
         file_bytes >> 10, weight_bytes >> 10, growth >> 10, static_cast<double>(growth) / file_bytes, kept >> 10);
  EXPECT_GE(kept, weight_bytes);  // else nothing was counted
  EXPECT_LE(growth, 4 * file_bytes + weight_bytes);
}

}  // namespace
}  // namespace recurd
