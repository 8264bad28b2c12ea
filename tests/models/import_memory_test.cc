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
#include <string>
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

// How weights stand in the file.
enum class Storage { kRaw, kFloatData, kHalf, kInt8, kTransposed };

// GRU layers one on the other and a dense layer, hidden x hidden each.
class BigFile {
 public:
  BigFile(Storage storage, int hidden, int layer_count) : storage_(storage), hidden_(hidden) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(14);
    Name(*graph().add_input(), "x", true);
    std::string value = "x";
    for (int i = 0; i < layer_count; ++i) {
      const std::string w = Weights({1, 3 * hidden, hidden}), r = Weights({1, 3 * hidden, hidden});
      onnx::NodeProto& layer = Node("GRU", {value, w, r});
      auto* attribute = layer.add_attribute();
      attribute->set_name("hidden_size");
      attribute->set_type(onnx::AttributeProto::INT);
      attribute->set_i(hidden);
      value = Node("Reshape", {layer.output(0), Shape()}).output(0);
    }
    value = Node("MatMul", {value, Weights({hidden, hidden})}).output(0);
    Name(*graph().add_output(), value, false);
  }

  std::string Bytes() const { return model_.SerializeAsString(); }
  int64_t weight_bytes() const { return weight_bytes_; }

 private:
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  void Name(onnx::ValueInfoProto& info, const std::string& name, bool has_shape) const {
    info.set_name(name);
    auto* type = info.mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    if (!has_shape) return;
    type->mutable_shape()->add_dim()->set_dim_param("steps");
    type->mutable_shape()->add_dim()->set_dim_value(1);
    type->mutable_shape()->add_dim()->set_dim_value(hidden_);
  }

  onnx::NodeProto& Node(const std::string& op, const std::vector<std::string>& inputs) {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(op);
    node.set_name(op + std::to_string(graph().node_size()));
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(node.name() + ".out");
    return node;
  }

  onnx::TensorProto& Tensor(onnx::TensorProto::DataType type, const std::vector<int64_t>& sizes) {
    onnx::TensorProto& tensor = *graph().add_initializer();
    tensor.set_name("tensor" + std::to_string(graph().initializer_size()));
    tensor.set_data_type(type);
    for (const int64_t size : sizes) tensor.add_dims(size);
    return tensor;
  }

  std::string Shape() {
    onnx::TensorProto& shape = Tensor(onnx::TensorProto::INT64, {3});
    for (const int64_t size : {-1, 1, hidden_}) shape.add_int64_data(size);
    return shape.name();
  }

  std::string Scale() {
    onnx::TensorProto& scale = Tensor(onnx::TensorProto::FLOAT, {});
    scale.add_float_data(0.001F);
    return scale.name();
  }

  template <typename T>
  static std::string RawData(int64_t count, T value) {
    const std::vector<T> values(count, value);
    return {reinterpret_cast<const char*>(values.data()), count * sizeof(T)};
  }

  // The name of a value that holds them.
  std::string Weights(std::vector<int64_t> sizes) {
    int64_t count = 1;
    for (const int64_t size : sizes) count *= size;
    weight_bytes_ += count * static_cast<int64_t>(sizeof(float));
    if (storage_ == Storage::kHalf) {
      constexpr uint16_t kHalf = 0x1400;  // 2^-10
      onnx::TensorProto& tensor = Tensor(onnx::TensorProto::FLOAT16, sizes);
      tensor.set_raw_data(RawData<uint16_t>(count, kHalf));
      onnx::NodeProto& cast = Node("Cast", {tensor.name()});
      auto* to = cast.add_attribute();
      to->set_name("to");
      to->set_type(onnx::AttributeProto::INT);
      to->set_i(onnx::TensorProto::FLOAT);
      return cast.output(0);
    }
    if (storage_ == Storage::kInt8) {
      onnx::TensorProto& tensor = Tensor(onnx::TensorProto::INT8, sizes);
      tensor.set_raw_data(RawData<int8_t>(count, 1));
      const std::string name = tensor.name();
      return Node("DequantizeLinear", {name, Scale()}).output(0);
    }
    if (storage_ == Storage::kTransposed) std::reverse(sizes.begin(), sizes.end());
    onnx::TensorProto& tensor = Tensor(onnx::TensorProto::FLOAT, sizes);
    if (storage_ == Storage::kFloatData) {
      tensor.mutable_float_data()->Resize(static_cast<int>(count), 0.001F);
    } else {
      tensor.set_raw_data(RawData<float>(count, 0.001F));
    }
    return storage_ == Storage::kTransposed ? Node("Transpose", {tensor.name()}).output(0) : tensor.name();
  }

  Storage storage_;
  int hidden_;
  int64_t weight_bytes_ = 0;
  onnx::ModelProto model_;
};

struct Size {
  const char* name;
  Storage storage;
  int hidden, layers;
};

class ImportMemoryTest : public testing::TestWithParam<Size> {};

INSTANTIATE_TEST_SUITE_P(
    Files, ImportMemoryTest,
    testing::Values(Size{"Raw64Megabytes", Storage::kRaw, 1136, 2}, Size{"FloatData", Storage::kFloatData, 512, 2},
                    Size{"HalfPrecision", Storage::kHalf, 512, 2}, Size{"Quantized", Storage::kInt8, 512, 2},
                    Size{"Transposed", Storage::kTransposed, 512, 2}, Size{"Small", Storage::kRaw, 64, 1}),
    [](const auto& info) { return info.param.name; });

TEST_P(ImportMemoryTest, HoldsAtMostFourTimesTheFileOrItsWeightsBesideTheModel) {
  const Size& size = GetParam();
  std::string bytes;
  int64_t weight_bytes = 0;
  {
    const BigFile file(size.storage, size.hidden, size.layers);
    bytes = file.Bytes();
    weight_bytes = file.weight_bytes();
  }
  const int64_t before = held_bytes;
  peak_bytes = before;
  const absl::StatusOr<Model> model = ImportOnnx(bytes, "big", "1");
  const int64_t growth = peak_bytes - before, kept = held_bytes - before;
  ASSERT_TRUE(model.ok()) << model.status();
  const auto file_bytes = static_cast<int64_t>(bytes.size());
  printf("file %ld KiB, weights %ld KiB; held at most %ld KiB, in the end %ld KiB\n", file_bytes >> 10,
         weight_bytes >> 10, growth >> 10, kept >> 10);
  EXPECT_GE(kept, weight_bytes);  // else nothing was counted
  // A file of bytes is a quarter of its weights, and counts as what they become.
  const int64_t whole_bytes = size.storage == Storage::kInt8 ? weight_bytes : file_bytes;
  EXPECT_LE(growth, 4 * whole_bytes + weight_bytes);
}

}  // namespace
}  // namespace recurd
