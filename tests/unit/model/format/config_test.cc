#include "server/model/format/config.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string ParseError(const std::string& text) { return std::string(ParseModelConfig(text).status().message()); }

Model Digits() {
  Model model{.name = "digits"};
  model.inputs.push_back({.name = "pixels", .shape = {-1, 1, 8}});
  model.outputs.push_back({.name = "logits", .shape = {-1, 1, 10}});
  model.state_inputs.push_back({.name = "h0", .shape = {1, 1, 32}});
  return model;
}
std::string CheckError(const std::string& text) {
  const auto config = ParseModelConfig(text);
  if (!config.ok()) return "parse: " + std::string(config.status().message());
  Model digits = Digits();
  return std::string(ApplyModelConfig(*config, &digits).message());
}

TEST(ConfigTest, ReadsWhatItKnows) {
  const auto config = ParseModelConfig(R"(
      name: "digits" platform: "onnxruntime_onnx" backend: "onnxruntime" max_batch_size: 0
      input [ { name: "pixels" data_type: TYPE_FP32 dims: [ -1, 1, 8 ] } ]
      output { name: "logits" data_type: TYPE_FP32 dims: [ -1, 1, 10 ] }
      version_policy: { specific: { versions: [ 1, 3 ] } })");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->name, "digits");
  EXPECT_THAT(config->inputs[0].dims, ElementsAre(-1, 1, 8));
  EXPECT_EQ(config->outputs[0].name, "logits");
  EXPECT_EQ(config->version_policy.kind, VersionPolicy::Kind::kSpecific);
  EXPECT_THAT(config->version_policy.versions, ElementsAre(1, 3));
}

TEST(ConfigTest, WithoutAPolicyTheLatestVersionIsServed) {
  const auto config = ParseModelConfig("");
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->version_policy.kind, VersionPolicy::Kind::kLatest);
  EXPECT_EQ(config->version_policy.count, 1);
}

TEST(ConfigTest, AnUnknownFieldIsNamedWithItsLine) {
  EXPECT_THAT(ParseError("name: \"a\"\ninstance_group { count: 2 }"),
              AllOf(HasSubstr("line 2"), HasSubstr("instance_group")));
  EXPECT_THAT(ParseError("input {\n\n reshape { } }"), AllOf(HasSubstr("line 3"), HasSubstr("reshape")));
}

TEST(ConfigTest, OtherPlatformsAndBatchesAreRefused) {
  EXPECT_THAT(ParseError("platform: \"tensorrt_plan\""),
              AllOf(HasSubstr("tensorrt_plan"), HasSubstr("onnxruntime_onnx")));
  EXPECT_THAT(ParseError("backend: \"python\""), HasSubstr("backend is 'python'"));
  EXPECT_THAT(ParseError("max_batch_size: 8"), HasSubstr("max_batch_size is 8"));
  EXPECT_THAT(ParseError("version_policy { specific { } }"), HasSubstr("names no version"));
}

std::string Asks(const std::string& activation) {
  return "parameters { key: \"activation\" value { string_value: \"" + activation + "\" } }";
}

TEST(ConfigTest, AnActivationIsAskedForByItsName) {
  EXPECT_EQ(ParseModelConfig("")->activation, std::nullopt);
  EXPECT_EQ(ParseModelConfig(Asks("cordic"))->activation, ActivationForm::kCordic);
  EXPECT_EQ(ParseModelConfig(Asks("exact"))->activation, ActivationForm::kExact);
  EXPECT_EQ(ParseModelConfig("parameters: [ { key: \"activation\", value: { string_value: \"lut\" } } ]")->activation,
            ActivationForm::kLut);
}

TEST(ConfigTest, OtherParametersAreRefusedWithTheirLineAndTheChoices) {
  EXPECT_THAT(ParseError("name: \"a\"\n" + Asks("sigmoid")),
              AllOf(HasSubstr("line 2"), HasSubstr("activation is 'sigmoid'"),
                    HasSubstr("lut, lut_interpolated, piecewise_linear, cordic, polynomial, exact")));
  EXPECT_THAT(ParseError(Asks("")), HasSubstr("activation is ''"));
  EXPECT_THAT(ParseError(Asks(std::string(5000, 'x'))), AllOf(HasSubstr("'" + std::string(64, 'x') + "'")));
  EXPECT_THAT(ParseError("parameters { key: \"activation\" }"), HasSubstr("activation is ''"));
  EXPECT_THAT(ParseError("\n\nparameters { key: \"threads\" value { string_value: \"2\" } }"),
              AllOf(HasSubstr("line 3"), HasSubstr("'threads'"),
                    HasSubstr("activation, latency_objective_us, quantum_us, warmup_steps, weights")));
  EXPECT_THAT(ParseError(Asks("lut") + "\n" + Asks("lut")), AllOf(HasSubstr("line 2"), HasSubstr("twice")));
  EXPECT_THAT(ParseError("parameters { key: \"activation\" value { int_value: 2 } }"), HasSubstr("int_value"));
}

std::string Sets(const std::string& key, const std::string& value) {
  return "parameters { key: \"" + key + "\" value { string_value: \"" + value + "\" } }\n";
}

TEST(ConfigTest, ReadsHowAModelIsServed) {
  const auto config = ParseModelConfig(Sets("latency_objective_us", "250") + Sets("quantum_us", "50") +
                                       Sets("warmup_steps", "64") + Sets("weights", "fp32"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->serving, (ServingSettings{64, 250'000, 50'000}));
  EXPECT_EQ(ParseModelConfig("")->serving, ServingSettings());
}

TEST(ConfigTest, NumbersOutsideTheirLimitsAreNamedWithThem) {
  EXPECT_THAT(ParseError(Sets("latency_objective_us", "0")),
              AllOf(HasSubstr("latency_objective_us is '0'"), HasSubstr("from 1 to 60000000")));
  EXPECT_THAT(ParseError(Sets("quantum_us", "9")), AllOf(HasSubstr("quantum_us is '9'"), HasSubstr("10 to 1000000")));
  EXPECT_THAT(ParseError(Sets("quantum_us", "1000001")), HasSubstr("10 to 1000000"));
  EXPECT_THAT(ParseError("\n" + Sets("warmup_steps", "many")), AllOf(HasSubstr("line 2"), HasSubstr("1 to 4096")));
  EXPECT_THAT(ParseError(Sets("warmup_steps", "99999999999999999999")), HasSubstr("1 to 4096"));
}

TEST(ConfigTest, OtherWeightsThanThereAreAreRefused) {
  EXPECT_THAT(ParseError(Sets("weights", "int4")),
              AllOf(HasSubstr("weights is 'int4'"), HasSubstr("one of fp32, bf16, int8")));
}

TEST(ConfigTest, WeightsAreStoredAsItSays) {
  EXPECT_EQ(ParseModelConfig("")->weights, WeightStorage::kFp32);
  EXPECT_EQ(ParseModelConfig(Sets("weights", "bf16"))->weights, WeightStorage::kBf16);
  Model digits = Digits();
  ASSERT_TRUE(ApplyModelConfig(*ParseModelConfig(Sets("weights", "int8")), &digits).ok());
  EXPECT_EQ(digits.weights, WeightStorage::kInt8);
}

TEST(ConfigTest, FilesTooLongAreRefused) {
  EXPECT_THAT(ParseError(std::string(kMaxConfigFileBytes + 1, ' ')), HasSubstr("the limit is 1048576"));
}

TEST(ConfigTest, AgreesWithTheGraph) {
  EXPECT_EQ(CheckError("name: \"digits\""), "");
  EXPECT_EQ(CheckError(R"(input { name: "pixels" data_type: TYPE_FP32 dims: [-1, -1, 8] })"), "");
  EXPECT_EQ(CheckError(R"(input { name: "pixels" data_type: TYPE_FP32 dims: [-1, 1, 8] }
                          input { name: "h0" data_type: TYPE_FP32 dims: [1, 1, 32] })"),
            "");
}

TEST(ConfigTest, NamesWhatDisagreesWithTheGraph) {
  EXPECT_THAT(CheckError("name: \"letters\""), AllOf(HasSubstr("'letters'"), HasSubstr("'digits'")));
  EXPECT_THAT(CheckError(R"(input { name: "pixel" data_type: TYPE_FP32 dims: [-1, 1, 8] })"),
              AllOf(HasSubstr("no input 'pixel'"), HasSubstr("'pixels'")));
  EXPECT_THAT(CheckError(R"(output { name: "logits" data_type: TYPE_FP32 dims: [-1, 1, 8] })"),
              AllOf(HasSubstr("output 'logits'"), HasSubstr("[-1,1,8]"), HasSubstr("[-1,1,10]")));
  EXPECT_THAT(CheckError(R"(output { name: "logits" data_type: TYPE_INT64 dims: [-1, 1, 10] })"),
              HasSubstr("TYPE_INT64"));
  EXPECT_THAT(CheckError(R"(input { name: "h0" data_type: TYPE_FP32 dims: [1, 1, 32] })"),
              HasSubstr("input 'pixels' is missing"));
}

TEST(ConfigTest, WithABatchSizeDimsLeaveTheFirstAxisOut) {
  Model model = Digits();
  model.inputs[0].shape = {1, -1, 8};
  const auto config =
      ParseModelConfig(R"(max_batch_size: 1 input { name: "pixels" data_type: TYPE_FP32 dims: [-1, 8] })");
  ASSERT_TRUE(config.ok());
  Model digits = Digits();
  EXPECT_TRUE(ApplyModelConfig(*config, &model).ok());
  EXPECT_FALSE(ApplyModelConfig(*config, &digits).ok());
}

}  // namespace
}  // namespace recurd
