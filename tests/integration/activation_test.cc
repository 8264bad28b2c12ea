// The daemon as a process, serving the shipped models with each activation that a configuration can ask for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/digits_client.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct ActivationCase {
  const char* name;
  const char* profile;        // on the cpu
  const char* lanes_profile;  // on the array
  // Of logits up to 20: between cpu and array, 0 for the same bits; and to the exact ones. Measured: 0.030 with tables,
  // 0.024 with segments, 1.1e-3 with lines, 7e-5 by CORDIC, 7e-6 with polynomials.
  double apart, of_exact;
};
constexpr ActivationCase kActivations[] = {
    {"lut", "f32/col2/lut7750/ftz", "f32/col2/lut2/ftz", 0.05, 0.05},
    {"lut_interpolated", "f32/col2/lines512/ftz", "f32/col2/lines512/ftz", 0, 2e-3},
    {"piecewise_linear", "f32/col2/segments16/ftz", "f32/col2/segments16/ftz", 0, 0.05},
    {"cordic", "f32/col2/cordic20/ftz", "f32/col2/cordic20/ftz", 0, 1.5e-4},
    {"polynomial", "f32/col2/cubics64/ftz", "f32/col2/cubics64/ftz", 0, 2e-5},
    {"exact", "f32/col2/act1/ftz", "f32/col2/act1/ftz", 0, 0},
};
constexpr const char* kModels[] = {"digits", "digits_reset_before"};

// A repository of the shipped models, each once for each activation: digits-cordic, ...
class Repository {
 public:
  Repository() {
    std::string pattern = testing::TempDir() + "/activationsXXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~Repository() { fs::remove_all(root_); }

  void Add(const std::string& model, const std::string& activation) const {
    const fs::path folder = root_ / (model + "-" + activation);
    fs::create_directories(folder);
    fs::copy(fs::path(RECURD_SOURCE_DIR "/deploy/models") / model / "1", folder / "1");
    std::ofstream(folder / "config.pbtxt")
        << "# asks for an activation\nparameters { key: \"activation\" value { string_value: \"" << activation
        << "\" } }\n";
  }
  std::string flag() const { return "--model_repository=" + root_.string(); }

 private:
  fs::path root_;
};

class ActivationDaemonTest : public testing::Test {
 protected:
  ActivationDaemonTest() {
    for (const char* model : kModels) {
      for (const ActivationCase& activation : kActivations) repository_.Add(model, activation.name);
    }
  }
  std::vector<std::string> Sim(const std::string& more = "--mapping=lanes") const {
    return {"--pipeline=sim", more, repository_.flag()};
  }
  Repository repository_;
};

TEST_F(ActivationDaemonTest, CpuAndArrayReadTheHeldOutDigitsAsWellAsExact) {
  const Daemon shipped, cpu({repository_.flag()}), sim(Sim());
  for (const std::string model : kModels) {
    const Digits digits = LoadDigits(model);
    const size_t count = digits.sequences.size();
    const Answers exact = ReadDigits(shipped, model, digits, count);
    for (const ActivationCase& activation : kActivations) {
      const std::string name = model + "-" + activation.name;
      SCOPED_TRACE(name);
      const Answers ours = ReadDigits(cpu, name, digits, count), theirs = ReadDigits(sim, name, digits, count);
      EXPECT_GE(ours.right, exact.right - 1);  // of 200: half a point
      EXPECT_GE(theirs.right, exact.right - 1);
      EXPECT_LE(WorstDifference(ours, theirs), activation.apart);
      EXPECT_LE(WorstDifference(ours, exact), activation.of_exact);
      RecordProperty(name + "_of_exact", std::to_string(WorstDifference(ours, exact)));
    }
  }
}

TEST_F(ActivationDaemonTest, ProfilesTellActivationsApart) {
  const Daemon cpu({repository_.flag()}), sim(Sim());
  for (const ActivationCase& activation : kActivations) {
    const std::string name = std::string("digits-") + activation.name;
    EXPECT_EQ(Client(cpu).GetModel(name).numerics_profile(), activation.profile);
    EXPECT_EQ(Client(sim).GetModel(name).numerics_profile(), activation.lanes_profile);
    EXPECT_EQ(Client(sim).GetModel(name).placement().mapping(), "lanes");
  }
}

TEST_F(ActivationDaemonTest, WithoutAChosenMappingEachModelGetsOneThatHasItsActivation) {
  const Daemon sim(Sim("--mapping=auto"));
  for (const ActivationCase& activation : kActivations) {
    const auto described = Client(sim).GetModel(std::string("digits-") + activation.name);
    EXPECT_EQ(described.numerics_profile(), activation.lanes_profile);
  }
}

// A step of zeros, from a state or the model's own.
grpc::Status OneStep(const Daemon& daemon, const std::string& model, const v1::State* from,
                     v1::InferResponse* response) {
  v1::InferRequest request;
  request.set_model(model);
  request.mutable_inputs()->Resize(8, 0.0f);
  request.set_return_state(true);
  if (from != nullptr) *request.mutable_state() = *from;
  return Client(daemon).TryInfer(request, response);
}

// The model file, and so its fingerprint, is the same for all.
TEST_F(ActivationDaemonTest, AStateGoesOnFromCpuToLanesButNotFromOneActivationToAnother) {
  const Daemon cpu({repository_.flag()}), sim(Sim());
  v1::InferResponse first, second;
  ASSERT_TRUE(OneStep(cpu, "digits-cordic", nullptr, &first).ok());
  const grpc::Status on_lanes = OneStep(sim, "digits-cordic", &first.state(), &second);
  EXPECT_TRUE(on_lanes.ok()) << on_lanes.error_message();
  const grpc::Status other = OneStep(cpu, "digits-polynomial", &first.state(), &second);
  EXPECT_EQ(other.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(other.error_message(), AllOf(HasSubstr("f32/col2/cordic20/ftz"), HasSubstr("f32/col2/cubics64/ftz")));
  EXPECT_EQ(OneStep(cpu, "digits-lut", &first.state(), &second).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

std::string WhyNot(const std::vector<std::string>& flags) {
  std::vector<std::string> argv = {RECURD_BINARY_DIR "/bin/recurd", "--listen=127.0.0.1:0",
                                   "--metrics_listen=127.0.0.1:0"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  Child daemon(argv);
  EXPECT_NE(daemon.Wait(), 0);
  return daemon.log();
}

TEST(ActivationRefusalTest, AMappingWithoutTheActivationIsNamedWithTheWayOut) {
  const Repository repository;
  repository.Add("digits", "cordic");
  EXPECT_THAT(WhyNot({"--pipeline=sim", "--mapping=hybrid", repository.flag()}),
              AllOf(HasSubstr("--mapping=hybrid"), HasSubstr("asks for cordic"), HasSubstr("--mapping=lanes")));
}

TEST(ActivationRefusalTest, AnUnknownActivationIsNamedWithItsLineAndTheChoices) {
  const Repository repository;
  repository.Add("digits", "sigmoidal");
  EXPECT_THAT(WhyNot({repository.flag()}), AllOf(HasSubstr("config.pbtxt"), HasSubstr("line 2"),
                                                 HasSubstr("'sigmoidal'"), HasSubstr("piecewise_linear")));
}

}  // namespace
}  // namespace recurd
