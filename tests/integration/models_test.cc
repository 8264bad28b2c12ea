// Models that come and go while the daemon serves: loads, reloads, unloads, and what of them fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "recurd/client.h"
#include "tests/integration/child.h"
#include "tests/integration/digits.h"
#include "tests/integration/scrape.h"
#include "tests/unit/model/format/graph_builder.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kShipped[] = RECURD_SOURCE_DIR "/deploy/models";

// A repository of the test's own, in which files change as an administrator changes them: written beside, then renamed.
class Repository {
 public:
  Repository() {
    std::string pattern = ::testing::TempDir() + "/recurd_modelsXXXXXX";
    root_ = mkdtemp(pattern.data());
    Copy("digits", "digits", 1);
  }
  ~Repository() { fs::remove_all(root_); }

  // Version 1 of a shipped model as a version of another.
  void Copy(const std::string& shipped, const std::string& model, int version) const {
    std::ifstream file(std::string(kShipped) + "/" + shipped + "/1/model.onnx", std::ios::binary);
    Write(model, version, {std::istreambuf_iterator<char>(file), {}});
  }
  void Write(const std::string& model, int version, const std::string& bytes) const {
    const fs::path folder = root_ / model / std::to_string(version);
    fs::create_directories(folder);
    std::ofstream(folder / "new", std::ios::binary) << bytes;
    fs::rename(folder / "new", folder / "model.onnx");
  }
  void Configure(const std::string& model, const std::string& text) const {
    std::ofstream(root_ / model / "config.pbtxt") << text;
  }
  std::string Flag() const { return "--model_repository=" + root_.string(); }

 private:
  fs::path root_;
};

std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

class ModelsTest : public ::testing::Test {
 protected:
  explicit ModelsTest(const std::string& grace = "1m") : daemon_({repository_.Flag(), "--reload_grace=" + grace}) {}

  // What the model answers to a digit now.
  std::vector<float> Infer(const std::string& model = "digits", const std::string& version = "") {
    v1::InferRequest request;
    request.set_model(model);
    request.set_version(version);
    for (const auto& row : digit_.rows) request.mutable_inputs()->Add(row.begin(), row.end());
    const auto response = client_.Infer(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? std::vector<float>(response->outputs().begin(), response->outputs().end())
                         : std::vector<float>();
  }
  // The same by a session, a step at a time.
  std::vector<float> Stream(Session& session) {
    std::vector<float> outputs;
    for (size_t step = 0; step < digit_.rows.size(); ++step) {
      const auto answer = session.Run(digit_.rows[step], {.begin = step == 0});
      EXPECT_TRUE(answer.ok()) << answer.status();
      if (!answer.ok()) break;
      outputs.insert(outputs.end(), answer->outputs().begin(), answer->outputs().end());
    }
    return outputs;
  }
  bool Serves(const std::string& version) {
    const auto models = client_.ListModels();
    for (const auto& model : models->models()) {
      if (model.version() == version) return true;
    }
    return false;
  }

  const Digits digits_ = LoadDigits();
  const Digits::Sequence& digit_ = digits_.sequences[0];
  Repository repository_;
  Daemon daemon_;
  Client client_ = *Client::Connect(daemon_.address());
};

TEST_F(ModelsTest, AReloadUnderStreamingLoadChangesNoBitOfTheSessionsThatStream) {
  repository_.Copy("digits_reset_before", "other", 1);
  ASSERT_TRUE(client_.LoadModel("other").ok());
  const auto before = Bits(Infer()), after = Bits(Infer("other"));
  ASSERT_NE(before, after);
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, sequences = 0;
  std::vector<std::thread> streams;
  for (int i = 0; i < 4; ++i) {
    streams.emplace_back([&] {
      auto session = client_.Open("digits");
      while (!stop) {
        wrong += Bits(Stream(*session)) != before;
        ++sequences;
      }
    });
  }
  for (int reload = 0; reload < 6; ++reload) {
    const int seen = sequences;
    while (sequences < seen + 20) std::this_thread::yield();
    repository_.Copy(reload % 2 == 0 ? "digits_reset_before" : "digits", "digits", 1);
    const auto loaded = client_.LoadModel("digits", "1");
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    auto fresh = client_.Open("digits");
    EXPECT_EQ(Bits(Stream(*fresh)), reload % 2 == 0 ? after : before);
    EXPECT_EQ(Bits(Infer()), reload % 2 == 0 ? after : before);
  }
  stop = true;
  for (std::thread& stream : streams) stream.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ModelsTest, ALoadThatFailsChangesNothingAndSaysWhy) {
  const auto before = Bits(Infer());
  repository_.Write("digits", 1, "no model");
  const absl::Status broken = client_.LoadModel("digits").status();
  EXPECT_EQ(broken.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(broken.message(), AllOf(HasSubstr("digits/1/model.onnx"), HasSubstr("no ONNX model")));
  repository_.Copy("digits", "digits", 1);
  repository_.Configure("digits", "max_batch_size: 0\ninstance_group { count: 1 }");
  EXPECT_THAT(client_.LoadModel("digits").status().message(),
              AllOf(HasSubstr("config.pbtxt"), HasSubstr("line 2"), HasSubstr("instance_group")));
  repository_.Configure("digits", "");
  EXPECT_EQ(client_.LoadModel("digits", "9").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client_.LoadModel("nobody").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Bits(Infer()), before);
  EXPECT_NE(daemon_.WaitForLine("can't load model digits, nothing has changed"), "");
}

TEST_F(ModelsTest, NoNameLeavesTheRepository) {
  const std::string nul("digits\0x", 8);
  for (const std::string& name : {std::string(".."), std::string("../digits"), std::string("digits/1"),
                                  std::string("/etc"), std::string("."), nul, std::string(5000, 'x'), std::string()}) {
    EXPECT_EQ(client_.LoadModel(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  for (const std::string& version :
       {std::string("../1"), std::string("01"), std::string("-1"), std::string("1\0", 2)}) {
    EXPECT_EQ(client_.LoadModel("digits", version).status().code(), absl::StatusCode::kInvalidArgument) << version;
  }
  EXPECT_EQ(client_.UnloadModel("../digits").status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(daemon_.WaitForLine("can't load model digits\\x00x, nothing has changed"), "");
  EXPECT_EQ(daemon_.log().find('\0'), std::string::npos);
}

TEST_F(ModelsTest, ThePolicyDecidesWhichVersionsAreServedAndMetricsFollow) {
  Infer();
  const double steps = Scraped(daemon_, "recurd_steps_total{model=\"digits\"}");
  repository_.Copy("digits_reset_before", "digits", 2);
  auto loaded = client_.LoadModel("digits");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(loaded->versions(), ElementsAre("2"));
  EXPECT_FALSE(Serves("1"));
  EXPECT_NE(daemon_.WaitForLine("loaded model digits"), "");
  EXPECT_GE(Scraped(daemon_, "recurd_steps_total{model=\"digits\"}"), steps);
  const auto version = [this](const std::string& number) {
    return Scraped(daemon_, "recurd_model_info{model=\"digits\",version=\"" + number + "\",fingerprint=\"" +
                                client_.GetModel("digits", number)->fingerprint() + "\",pipeline=\"cpu\"}");
  };
  EXPECT_EQ(version("2"), 1);
  repository_.Configure("digits", "version_policy { all { } }");
  loaded = client_.LoadModel("digits");
  EXPECT_THAT(loaded->versions(), ElementsAre("2", "1"));
  EXPECT_TRUE(Serves("1"));
  EXPECT_NE(daemon_.WaitForLine("loaded model digits: 2, 1"), "");
  EXPECT_EQ(version("1"), 1);
}

TEST_F(ModelsTest, ATermSignalWaitsForOneLoadAtMostAndAnswersTheRest) {
  std::vector<std::thread> callers;
  std::atomic<int> odd = 0;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&] {
      const absl::StatusCode code = client_.LoadModel("digits").status().code();
      odd += code != absl::StatusCode::kOk && code != absl::StatusCode::kUnavailable;
    });
  }
  daemon_.Signal(SIGTERM);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(daemon_.Wait(), 0) << daemon_.log();
  EXPECT_EQ(odd, 0);
}

// ---- the end of the grace

class BriefGraceTest : public ModelsTest {
 protected:
  BriefGraceTest() : ModelsTest("200ms") {}

  // A GRU of `units`: 3 * units * (units + 1) parameters and some.
  static std::string LargeModel(int units) {
    const auto weights = [](int count) { return std::vector<float>(static_cast<size_t>(count), 1e-4f); };
    GraphBuilder g;
    auto layer = g.Node("layer", "GRU",
                        {g.Input("x", {-1, 1, 8}), g.Floats({1, 3 * units, 8}, weights(3 * units * 8)),
                         g.Floats({1, 3 * units, units}, weights(3 * units * units))},
                        2);
    layer.Set("hidden_size", units);
    g.Output(g.Node("rows", "Squeeze", {layer, g.Integers({1})}));
    return g.Bytes();
  }
};

TEST_F(BriefGraceTest, AnUnloadedModelsSessionsEndWithACheckpointFromWhichAnotherServerGoesOn) {
  auto session = client_.Open("digits");
  ASSERT_TRUE(session->Step(digit_.rows[0]).ok());
  const auto unloaded = client_.UnloadModel("digits");
  ASSERT_TRUE(unloaded.ok()) << unloaded.status();
  EXPECT_EQ(unloaded->sessions_left(), 1u);
  const absl::Status status = session->Receive().status();
  ASSERT_TRUE(EndOf(status)) << status;
  EXPECT_EQ(EndOf(status)->reason(), v1::Ended::MODEL_UNLOADED);
  EXPECT_EQ(EndOf(status)->next_step(), 1u);
  ASSERT_TRUE(session->checkpoint());
  ASSERT_TRUE(client_.LoadModel("digits").ok());
  v1::Open open;
  open.set_model("digits");
  *open.mutable_state() = *session->checkpoint();
  auto resumed = client_.Open(open);
  const auto outputs = resumed->Step(digit_.rows[1]);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const std::vector<float> whole = Infer();
  EXPECT_EQ(Bits(*outputs), Bits({whole.begin() + 10, whole.begin() + 20}));
}

TEST_F(BriefGraceTest, MemoryComesBack) {
  constexpr double kModelBytes = 2 * 3.0 * 1024 * 1024 * sizeof(float);  // as read, and packed for the pipeline
  repository_.Write("large", 1, LargeModel(1024));
  double settled = 0;
  for (int round = 0; round < 7; ++round) {
    ASSERT_TRUE(client_.LoadModel("large").ok());
    auto session = client_.Open("large");
    ASSERT_TRUE(session->Step(digit_.rows[0]).ok());
    ASSERT_TRUE(client_.UnloadModel("large").ok());
    session->Receive().IgnoreError();
    if (round == 2) settled = Scraped(daemon_, "process_resident_memory_bytes");
  }
  double grown = 0;
  for (int i = 0; i < 100; ++i) {  // the last one may still be on its way out
    grown = Scraped(daemon_, "process_resident_memory_bytes") - settled;
    if (grown < 2 * kModelBytes) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_LT(grown, 2 * kModelBytes);  // of four rounds after the one that settled
}

}  // namespace
}  // namespace recurd
