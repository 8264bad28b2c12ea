#include "server/model/format/tensor_reader.h"

#include <bit>
#include <cmath>
#include <cstring>
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

// Reads `count` values of type `Stored` either from raw_data or from the typed field, into `out`.
template <typename Stored, typename Field, typename Out>
absl::Status Read(const onnx::TensorProto& tensor, const Field& field, int64_t count, std::vector<Out>& out) {
  const bool is_raw = tensor.has_raw_data();
  if (is_raw && tensor.raw_data().size() != count * sizeof(Stored)) {
    return LengthError(tensor.raw_data().size(), "bytes", count);
  }
  if (!is_raw && field.size() != count) return LengthError(field.size(), "values", count);
  out.resize(count);
  for (int64_t i = 0; i < count; ++i) {
    if (is_raw) {
      Stored stored;
      std::memcpy(&stored, tensor.raw_data().data() + i * sizeof(Stored), sizeof(Stored));
      out[i] = static_cast<Out>(stored);
    } else if constexpr (sizeof(Stored) == 2 && std::is_class_v<Stored>) {
      out[i] = Stored{static_cast<uint16_t>(field.Get(i))};
    } else {
      out[i] = static_cast<Out>(field.Get(i));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadElements(const onnx::TensorProto& tensor, int64_t count, Elements& out) {
  using onnx::TensorProto;
  out.is_float = false;
  switch (tensor.data_type()) {
    case TensorProto::BOOL:
    case TensorProto::INT8:
      return Read<int8_t>(tensor, tensor.int32_data(), count, out.integers);
    case TensorProto::UINT8:
      return Read<uint8_t>(tensor, tensor.int32_data(), count, out.integers);
    case TensorProto::INT16:
      return Read<int16_t>(tensor, tensor.int32_data(), count, out.integers);
    case TensorProto::UINT16:
      return Read<uint16_t>(tensor, tensor.int32_data(), count, out.integers);
    case TensorProto::INT32:
      return Read<int32_t>(tensor, tensor.int32_data(), count, out.integers);
    case TensorProto::INT64:
      return Read<int64_t>(tensor, tensor.int64_data(), count, out.integers);
    case TensorProto::UINT32:
      return Read<uint32_t>(tensor, tensor.uint64_data(), count, out.integers);
    case TensorProto::UINT64:
      return Read<uint64_t>(tensor, tensor.uint64_data(), count, out.integers);
    default:
      out.is_float = true;
  }
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return Read<float>(tensor, tensor.float_data(), count, out.floats);
    case TensorProto::DOUBLE:
      return Read<double>(tensor, tensor.double_data(), count, out.floats);
    case TensorProto::FLOAT16:
      return Read<Half>(tensor, tensor.int32_data(), count, out.floats);
    case TensorProto::BFLOAT16:
      return Read<BFloat16>(tensor, tensor.int32_data(), count, out.floats);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("its data type is number ", tensor.data_type(), "; known are floats, integers and BOOL"));
  }
}

absl::StatusOr<Value> ReadUnnamed(const onnx::TensorProto& tensor) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
    return absl::InvalidArgumentError("its data is in another file; save the model with its data inside");
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
  Elements elements;
  RECURD_RETURN_IF_ERROR(ReadElements(tensor, count, elements));
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
