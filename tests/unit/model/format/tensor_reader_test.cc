#include "server/model/format/tensor_reader.h"

#include <cmath>
#include <cstring>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurd::format {
namespace {

using onnx::TensorProto;
using testing::ElementsAre;
using testing::HasSubstr;

TensorProto Raw(TensorProto::DataType type, const std::vector<int64_t>& sizes, const std::string& bytes) {
  TensorProto tensor;
  tensor.set_name("weights");
  tensor.set_data_type(type);
  for (int64_t size : sizes) tensor.add_dims(size);
  tensor.set_raw_data(bytes);
  return tensor;
}

std::vector<float> FloatsOf(const TensorProto& tensor) {
  const absl::StatusOr<Value> value = ReadTensor(tensor);
  return value->elements->Numbers(0, value->axes.count());
}
std::vector<int64_t> IntegersOf(const TensorProto& tensor) {
  const absl::StatusOr<Value> value = ReadTensor(tensor);
  std::vector<int64_t> integers;
  for (int64_t i = 0; i < value->axes.count(); ++i) integers.push_back(value->elements->dim(i).fixed);
  return integers;
}
std::string ErrorOf(const TensorProto& tensor) { return std::string(ReadTensor(tensor).status().message()); }

TEST(TensorReaderTest, ReadsHalfPrecision) {
  // 1, -2, the smallest subnormal, infinity.
  const std::string bytes("\x00\x3c\x00\xc0\x01\x00\x00\x7c", 8);
  EXPECT_THAT(FloatsOf(Raw(TensorProto::FLOAT16, {4}, bytes)), ElementsAre(1, -2, std::ldexp(1.0F, -24), INFINITY));
}

TEST(TensorReaderTest, ReadsBrainFloats) {
  EXPECT_THAT(FloatsOf(Raw(TensorProto::BFLOAT16, {2}, std::string("\x80\x3f\x00\xc0", 4))), ElementsAre(1, -2));
}

TEST(TensorReaderTest, ReadsSignedAndUnsignedBytes) {
  EXPECT_THAT(IntegersOf(Raw(TensorProto::INT8, {2}, "\xff\x01")), ElementsAre(-1, 1));
  EXPECT_THAT(IntegersOf(Raw(TensorProto::UINT8, {2}, "\xff\x01")), ElementsAre(255, 1));
}

TEST(TensorReaderTest, ReadsTypedFields) {
  TensorProto tensor;
  tensor.set_data_type(TensorProto::FLOAT16);
  tensor.add_dims(1);
  tensor.add_int32_data(0x3c00);
  EXPECT_THAT(FloatsOf(tensor), ElementsAre(1));
}

TEST(TensorReaderTest, RefusesDataOfAnotherLengthThanTheShapeSays) {
  EXPECT_THAT(ErrorOf(Raw(TensorProto::FLOAT, {2}, "12345")), HasSubstr("'weights': it holds 5 bytes for 2 elements"));
  EXPECT_FALSE(ReadTensor(Raw(TensorProto::FLOAT, {int64_t{1} << 40}, "1234")).ok());
  EXPECT_FALSE(ReadTensor(Raw(TensorProto::FLOAT, {int64_t{1} << 40, int64_t{1} << 40}, "1234")).ok());
  EXPECT_FALSE(ReadTensor(Raw(TensorProto::FLOAT, {int64_t{1} << 62}, "")).ok());  // 2^64 bytes
  EXPECT_FALSE(ReadTensor(Raw(TensorProto::FLOAT, {-1}, "1234")).ok());
}

TEST(TensorReaderTest, RefusesDataInAnotherFile) {
  TensorProto tensor = Raw(TensorProto::FLOAT, {1}, "1234");
  tensor.set_data_location(TensorProto::EXTERNAL);
  EXPECT_THAT(ErrorOf(tensor), HasSubstr("in another file"));
}

TEST(TensorReaderTest, RefusesTypesItDoesNotKnow) {
  EXPECT_THAT(ErrorOf(Raw(TensorProto::STRING, {1}, "a")), HasSubstr("data type is number 8"));
}

}  // namespace
}  // namespace recurd::format
