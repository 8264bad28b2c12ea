#include "server/rpc/kserve_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rpc/kserve_requests.h"

namespace recurd::kserve {
namespace {

using ::testing::HasSubstr;

Parameters Read(const inference::ModelInferRequest& request) {
  Parameters parameters;
  std::string why;
  EXPECT_EQ(ReadParameters(request, &parameters, &why), Refusal::kNone) << why;
  return parameters;
}

std::string WhyNot(const inference::ModelInferRequest& request) {
  Parameters parameters;
  std::string why;
  EXPECT_EQ(ReadParameters(request, &parameters, &why), Refusal::kMalformed);
  return why;
}

TEST(KserveParametersTest, SignedAndUnsignedIdsOfTheSameBitsAreOne) {
  EXPECT_EQ(Read(Of(Int(-1), {1})).sequence.number, UINT64_MAX);
  EXPECT_EQ(Read(Of(Unsigned(UINT64_MAX), {1})).sequence.number, UINT64_MAX);
}

TEST(KserveParametersTest, ATextIsAnotherNameThanItsNumber) {
  const auto request = Of(Text("7"), {1}, kStart);
  const Parameters parameters = Read(request);
  EXPECT_EQ(parameters.sequence.text, "7");
  EXPECT_EQ(parameters.sequence.number, 0u);
  EXPECT_TRUE(parameters.start);
  EXPECT_FALSE(parameters.end);
}

TEST(KserveParametersTest, ZeroEmptyAndMissingIdsAreNone) {
  for (const auto& request : {Steps({1}), Of(Int(0), {1}), Of(Unsigned(0), {1}), Of(Text(""), {1}, kBoth)}) {
    EXPECT_TRUE(Read(request).sequence.none());
  }
}

TEST(KserveParametersTest, OneFlagWithoutAnIdIsRefused) {
  for (const Flags flags : {kStart, kEnd}) EXPECT_THAT(WhyNot(Of(0, {1}, flags)), HasSubstr("correlation ID"));
}

TEST(KserveParametersTest, NamesAParameterOfTheWrongKind) {
  for (const std::string name : {"sequence_id", "sequence_start", "sequence_end", "recurd_first_step"}) {
    auto request = Of(7, {1});
    Parameter(&request, name).set_double_param(1);
    EXPECT_THAT(WhyNot(request), HasSubstr("invalid value type for '" + name + "' parameter"));
    Parameter(&request, name).clear_parameter_choice();
    EXPECT_THAT(WhyNot(request), HasSubstr(name));
  }
}

TEST(KserveParametersTest, IgnoresWhatItDoesNotKnow) {
  auto request = Of(7, {1});
  Parameter(&request, "triton_enable_empty_final_response").set_bool_param(true);
  Parameter(&request, "triton_of_the_future").set_double_param(1);
  Parameter(&request, "priority").set_string_param("urgent");
  EXPECT_EQ(Read(request).sequence.number, 7u);
}

TEST(KserveParametersTest, TakesAFirstStepOfEitherKindButNotANegativeOne) {
  auto request = Of(7, {1});
  Parameter(&request, "recurd_first_step").set_int64_param(3);
  EXPECT_EQ(Read(request).first_step, 3u);
  Parameter(&request, "recurd_first_step").set_uint64_param(4);
  EXPECT_EQ(Read(request).first_step, 4u);
  Parameter(&request, "recurd_first_step").set_int64_param(-1);
  EXPECT_THAT(WhyNot(request), HasSubstr("-1"));
}

TEST(KserveParametersTest, RefusesALongTextAndShowsNoneRaw) {
  EXPECT_TRUE(Read(Of(Text(std::string(128, 'a')), {1})).start == false);
  EXPECT_THAT(WhyNot(Of(Text(std::string(129, 'a')), {1})), HasSubstr("129 bytes"));
  EXPECT_EQ(Shown("a\nb"), "a\\nb");
}

}  // namespace
}  // namespace recurd::kserve
