#include "server/model/format/tensor_reader.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd::format {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian and read as it stands");

// IEEE 754 binary16.
struct Half {
  uint16_t bits;
  operator float() const {
    const float sign = bits & 0x8000 ? -1.0F : 1.0F;
    const int exponent = (bits >> 10) & 31;
    const int fraction = bits & 1023;
    if (exponent == 31) return fraction ? std::nanf("") : sign * INFINITY;
    return sign * (exponent ? std::ldexp(1024.0F + fraction, exponent - 25) : std::ldexp(1.0F * fraction, -24));
  }
};
struct BFloat16 {
  uint16_t bits;
  operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

absl::Status LengthError(size_t found, const char* unit, int64_t count) {
  return absl::InvalidArgumentError(absl::StrCat("it holds ", found, " ", unit, " for ", count, " elements"));
}

// What gives element i of `count`, stored as `Stored` in raw_data or one a value of the typed field.
template <typename Out, typename Stored, typename Field>
absl::StatusOr<std::function<Out(int64_t)>> Reader(const onnx::TensorProto& tensor, const Field& field, int64_t count) {
  if (tensor.has_raw_data()) {
    const std::string& bytes = tensor.raw_data();
    if (bytes.size() != count * sizeof(Stored)) return LengthError(bytes.size(), "bytes", count);
    return [data = bytes.data()](int64_t i) {
      Stored stored;
      std::memcpy(&stored, data + i * sizeof(Stored), sizeof(Stored));
      return static_cast<Out>(stored);
    };
  }
  if (field.size() != count) return LengthError(field.size(), "values", count);
  return [data = field.data()](int64_t i) {
    if constexpr (std::is_class_v<Stored>) {
      return static_cast<Out>(Stored{static_cast<uint16_t>(data[i])});
    } else {
      return static_cast<Out>(data[i]);
    }
  };
}

template <typename Stored, typename Field>
absl::StatusOr<Elements> Integers(const onnx::TensorProto& tensor, const Field& field, int64_t count) {
  RECURD_ASSIGN_OR_RETURN(auto read, (Reader<int64_t, Stored>(tensor, field, count)));
  return Elements::Integers(count, std::move(read));
}

template <typename Stored, typename Field>
absl::StatusOr<Elements> Floats(const onnx::TensorProto& tensor, const Field& field, int64_t count) {
  RECURD_ASSIGN_OR_RETURN(auto read, (Reader<float, Stored>(tensor, field, count)));
  return Elements::Floats(count, std::move(read));
}

absl::StatusOr<Elements> ReadElements(const onnx::TensorProto& tensor, int64_t count) {
  using onnx::TensorProto;
  switch (tensor.data_type()) {
    case TensorProto::BOOL:
    case TensorProto::INT8:
      return Integers<int8_t>(tensor, tensor.int32_data(), count);
    case TensorProto::UINT8:
      return Integers<uint8_t>(tensor, tensor.int32_data(), count);
    case TensorProto::INT16:
      return Integers<int16_t>(tensor, tensor.int32_data(), count);
    case TensorProto::UINT16:
      return Integers<uint16_t>(tensor, tensor.int32_data(), count);
    case TensorProto::INT32:
      return Integers<int32_t>(tensor, tensor.int32_data(), count);
    case TensorProto::INT64:
      return Integers<int64_t>(tensor, tensor.int64_data(), count);
    case TensorProto::UINT32:
      return Integers<uint32_t>(tensor, tensor.uint64_data(), count);
    case TensorProto::UINT64:
      return Integers<uint64_t>(tensor, tensor.uint64_data(), count);
    case TensorProto::FLOAT:
      return Floats<float>(tensor, tensor.float_data(), count);
    case TensorProto::DOUBLE:
      return Floats<double>(tensor, tensor.double_data(), count);
    case TensorProto::FLOAT16:
      return Floats<Half>(tensor, tensor.int32_data(), count);
    case TensorProto::BFLOAT16:
      return Floats<BFloat16>(tensor, tensor.int32_data(), count);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("its data type is number ", tensor.data_type(), "; known are floats, integers and BOOL"));
  }
}

absl::StatusOr<Value> ReadUnnamed(const onnx::TensorProto& tensor) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
    return absl::InvalidArgumentError(
        "its data is in another file; save the model with its data inside (torch.onnx.export: external_data=False; "
        "onnx.save of what onnx.load gave)");
  }
  if (tensor.has_segment()) return absl::InvalidArgumentError("it is stored in segments");
  if (tensor.dims_size() > kMaxRank) {
    return absl::InvalidArgumentError(absl::StrCat("it has ", tensor.dims_size(), " axes; the limit is ", kMaxRank));
  }
  Value value;
  for (int64_t size : tensor.dims()) {
    if (size < 0) return absl::InvalidArgumentError(absl::StrCat("it has an axis of size ", size));
    value.axes.sizes.push_back(size);
  }
  // Every element takes at least a byte of the file, so a larger count can't be true.
  const int64_t count = value.axes.count();
  if (count > static_cast<int64_t>(tensor.ByteSizeLong())) {
    return LengthError(tensor.ByteSizeLong(), "bytes", count);
  }
  RECURD_ASSIGN_OR_RETURN(Elements elements, ReadElements(tensor, count));
  value.elements = std::make_shared<const Elements>(std::move(elements));
  return value;
}

}  // namespace

absl::StatusOr<Value> ReadTensor(const onnx::TensorProto& tensor) {
  absl::StatusOr<Value> value = ReadUnnamed(tensor);
  if (value.ok()) return value;
  return absl::InvalidArgumentError(absl::StrCat("tensor '", tensor.name(), "': ", value.status().message()));
}

}  // namespace recurd::format
