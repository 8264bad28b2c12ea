// The daemon itself, as a process, over loopback, serving the shipped model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/integration/child.h"
#include "tests/integration/digits.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string AnyRecurd() { return RECURD_BINARY_DIR "/bin/recurd"; }

// A stream of one session of a digits model.
class DigitsStream {
 public:
  explicit DigitsStream(const std::string& address, const std::string& model = "digits")
      : stub_(v1::Recurrent::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    stream_ = stub_->Stream(&context_);
    v1::StreamRequest request;
    request.mutable_open()->set_model(model);
    stream_->Write(request);
    stream_->Read(&response_);
  }
  ~DigitsStream() {
    context_.TryCancel();
    stream_->Finish();
  }

  // Sends T rows and returns the answer.
  const v1::StreamResponse& Send(uint64_t first_step, const std::vector<float>& inputs, bool begin = false) {
    v1::StreamRequest request;
    request.mutable_chunk()->set_first_step(first_step);
    request.mutable_chunk()->set_begin(begin);
    request.mutable_chunk()->mutable_inputs()->Assign(inputs.begin(), inputs.end());
    stream_->Write(request);
    return Receive();
  }
  const v1::StreamResponse& Receive() {
    response_.Clear();
    stream_->Read(&response_);
    return response_;
  }
  std::vector<float> Outputs(uint64_t first_step, const std::vector<float>& inputs, bool begin = false) {
    const auto& outputs = Send(first_step, inputs, begin).outputs().outputs();
    EXPECT_EQ(outputs.size(), static_cast<int>(inputs.size() / 8 * 10)) << response_.ShortDebugString();
    return {outputs.begin(), outputs.end()};
  }

 private:
  std::unique_ptr<v1::Recurrent::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamRequest, v1::StreamResponse>> stream_;
  v1::StreamResponse response_;
};

std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> bits;
  for (float v : values) bits.push_back(std::bit_cast<uint32_t>(v));
  return bits;
}

class DigitsModelTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Shipped, DigitsModelTest, testing::Values("digits", "digits_reset_before"));

TEST_P(DigitsModelTest, AgreesWithTorchAtEveryTimestepOfTheHeldOutDigits) {
  const Digits digits = LoadDigits(GetParam());
  const Daemon daemon;
  DigitsStream stream(daemon.address(), GetParam());
  double worst = 0;
  int right = 0;
  for (size_t s = 0; s < digits.sequences.size(); ++s) {
    std::vector<float> logits;
    for (size_t t = 0; t < digits.sequences[s].rows.size(); ++t) {
      logits = stream.Outputs(t, digits.sequences[s].rows[t], t == 0);
      ASSERT_EQ(logits.size(), digits.golden[s][t].size());
      for (size_t o = 0; o < logits.size(); ++o) {
        worst = std::max(worst, std::fabs(static_cast<double>(logits[o]) - digits.golden[s][t][o]));
      }
    }
    right += std::max_element(logits.begin(), logits.end()) - logits.begin() == digits.sequences[s].label;
  }
  EXPECT_LE(worst, 1e-5);
  EXPECT_GE(right, static_cast<int>(digits.sequences.size()) * 98 / 100);
}

TEST(DaemonTest, OneStepAtATimeChunksAndAWholeSequenceGiveTheSameBits) {
  const Digits digits = LoadDigits();
  const Daemon daemon({"--quantum_us=10"});
  DigitsStream stream(daemon.address());
  std::vector<float> all, single, chunked;
  for (size_t s = 0; s < 64; ++s) {
    for (const auto& row : digits.sequences[s].rows) all.insert(all.end(), row.begin(), row.end());
  }
  const std::vector<float> whole = stream.Outputs(0, all, true);
  std::mt19937 random(7);
  for (size_t at = 0; at < all.size(); at += 8) {
    const auto y =
        stream.Outputs(at / 8, {all.begin() + static_cast<long>(at), all.begin() + static_cast<long>(at) + 8}, at == 0);
    single.insert(single.end(), y.begin(), y.end());
  }
  for (size_t at = 0; at < all.size();) {
    const size_t n = std::min(all.size() - at, 8 * (1 + random() % 40));
    const auto y =
        stream.Outputs(at / 8, {all.begin() + static_cast<long>(at), all.begin() + static_cast<long>(at + n)}, at == 0);
    chunked.insert(chunked.end(), y.begin(), y.end());
    at += n;
  }
  EXPECT_EQ(Bits(whole), Bits(single));
  EXPECT_EQ(Bits(whole), Bits(chunked));
}

TEST(DaemonTest, InterleavedSessionsGiveBitForBitWhatEachGivesAlone) {
  const Digits digits = LoadDigits();
  const Daemon daemon;
  const auto& a_rows = digits.sequences[0].rows;
  const auto& b_rows = digits.sequences[1].rows;
  std::vector<std::vector<uint32_t>> alone_a, alone_b;
  {
    DigitsStream a(daemon.address());
    for (size_t t = 0; t < a_rows.size(); ++t) alone_a.push_back(Bits(a.Outputs(t, a_rows[t])));
  }
  {
    DigitsStream b(daemon.address());
    for (size_t t = 0; t < b_rows.size(); ++t) alone_b.push_back(Bits(b.Outputs(t, b_rows[t])));
  }
  DigitsStream a(daemon.address()), b(daemon.address());
  for (size_t t = 0; t < a_rows.size(); ++t) {
    EXPECT_EQ(Bits(a.Outputs(t, a_rows[t])), alone_a[t]);
    EXPECT_EQ(Bits(b.Outputs(t, b_rows[t])), alone_b[t]);
  }
}

TEST(DaemonTest, ASessionFedNanIsRefusedAndNeitherItNorItsNeighbourChangesByABit) {
  const Digits digits = LoadDigits();
  const Daemon daemon;
  const auto& rows = digits.sequences[3].rows;
  DigitsStream alone(daemon.address());
  DigitsStream poisoned(daemon.address()), neighbour(daemon.address());
  std::vector<float> nan_row(8, std::numeric_limits<float>::quiet_NaN());
  for (size_t t = 0; t < rows.size(); ++t) {
    const auto expected = Bits(alone.Outputs(t, rows[t]));
    EXPECT_THAT(poisoned.Send(t, nan_row).refused().message(), HasSubstr("NaN"));
    EXPECT_EQ(Bits(neighbour.Outputs(t, rows[t])), expected);
    EXPECT_EQ(Bits(poisoned.Outputs(t, rows[t])), expected);
  }
}

TEST(DaemonTest, EndsCleanlyOnSigtermWhileStreamsAreOpen) {
  Daemon daemon;
  DigitsStream stream(daemon.address());
  daemon.Signal(SIGUSR1);  // its own signal to itself, for nothing
  stream.Send(0, std::vector<float>(8, 1.0f));
  daemon.Signal(SIGTERM);
  EXPECT_EQ(stream.Receive().checkpoint().state().step(), 1u);
  EXPECT_EQ(stream.Receive().ended().reason(), v1::Ended::DRAINED);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_THAT(daemon.log(), HasSubstr("stopped"));
}

TEST(DaemonTest, KeepsItsThreadsFewAndSleepsAtMostOnceAMessage) {
  const Daemon daemon({}, 0);
  DigitsStream stream(daemon.address());
  const std::vector<float> row(8, 1.0f);
  uint64_t step = 0;
  for (; step < 500; ++step) stream.Send(step, row);
  const long threads = daemon.ThreadCount(), switches = daemon.VoluntarySwitches();
  constexpr int kMessages = 2000;
  for (int i = 0; i < kMessages; ++i) stream.Send(step++, row);
  EXPECT_LE(threads, 12);                        // two of ours, the exporter's, and gRPC's own
  EXPECT_LE(daemon.ThreadCount(), threads + 1);  // gRPC starts a second timer thread some time
  EXPECT_LE(daemon.VoluntarySwitches() - switches, 1.3 * kMessages);
}

TEST(DaemonTest, PrometheusScrapesItAndAnswersQuantiles) {
  const Daemon daemon;
  DigitsStream stream(daemon.address());
  for (uint64_t step = 0; step < 1000; ++step) stream.Send(step, std::vector<float>(8, 1.0f));
  const std::string command = "bash " RECURD_SOURCE_DIR "/tests/integration/prometheus_scrape.sh " +
                              daemon.metrics_address() +
                              " 'histogram_quantile(0.99, recurd_step_latency_seconds_bucket) > 0'"
                              " 'histogram_quantile(0.5, recurd_stage_latency_seconds_bucket{stage=\"queue\"}) > 0'"
                              " 'recurd_steps_total{model=\"digits\"} == 1000'"
                              " 'recurd_sessions_active == 1' 'recurd_model_info{model=\"digits\"} == 1'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(DaemonTest, HelpSaysMeaningUnitAndDefaultOfEveryFlag) {
  const std::string path = ::testing::TempDir() + "/recurd_help.txt";
  EXPECT_EQ(std::system((AnyRecurd() + " --help > " + path).c_str()), 0);
  std::ifstream file(path);
  const std::string help((std::istreambuf_iterator<char>(file)), {});
  for (const char* flag : {"listen", "metrics_listen", "model_repository", "pipeline", "mapping", "sim_exact",
                           "timing_file", "quantum_us", "max_sessions", "max_chunk_steps", "session_idle_timeout",
                           "latency_objective_us", "drain_timeout", "reflection", "log_level"}) {
    EXPECT_THAT(help, HasSubstr("--" + std::string(flag) + " ("));
  }
  EXPECT_THAT(help, HasSubstr("--flagfile"));
  EXPECT_THAT(help, HasSubstr("default: 200"));
  EXPECT_THAT(help, Not(HasSubstr("absl/flags")));
}

// How the daemon answers a call of the reflection service.
grpc::StatusCode CallReflection(const Daemon& daemon) {
  grpc::GenericStub stub(grpc::CreateChannel(daemon.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  grpc::CompletionQueue queue;
  grpc::ByteBuffer response;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                    grpc::ByteBuffer(), &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  return status.error_code();
}

TEST(DaemonTest, ReflectionIsThereOnlyByFlag) {
  const Daemon plain, reflecting({"--reflection"});
  EXPECT_EQ(CallReflection(plain), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(CallReflection(reflecting), grpc::StatusCode::OK);
}

TEST(DaemonTest, SaysWhatIsWrongWithItsFlagsAndExitsSoThatNothingRestartsIt) {
  const std::string models = "--model_repository=" RECURD_SOURCE_DIR "/deploy/models";
  const struct {
    std::vector<std::string> flags;
    const char* says;
  } cases[] = {
      {{}, "--model_repository=DIR is required"},
      {{models, "--quantum_us=5"}, "must be 10 to 1000000"},
      {{models, "--pipeline=gpu"}, "gpu"},
      {{models, "--pipeline_fallback=cpu"}, "--pipeline_fallback=cpu means nothing to --pipeline=cpu"},
      {{models, "--pipeline=sim", "--pipeline_fallback=sim"}, "only cpu can stand in"},
      {{models, "--mapping=hybrid"}, "--mapping=hybrid means nothing to --pipeline=cpu"},
      {{models, "--pipeline=sim", "--mapping=spiral"}, "auto, lanes, cascade, hybrid, aie"},
      {{models, "--metrics_listen=nonsense"}, "nonsense"},
      {{models, "--listen=127.0.0.1:0", "extra"}, "'extra' is not a flag"},
      {{models, "--no_such_flag"}, "Unknown command line flag 'no_such_flag'"},
      {{models, "--max_sessions=many"}, "Illegal value 'many' specified for flag 'max_sessions'"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> argv = {AnyRecurd(), "--metrics_listen=off"};
    argv.insert(argv.end(), c.flags.begin(), c.flags.end());
    Child child(argv);
    EXPECT_EQ(child.Wait(), 2) << c.says;
    EXPECT_THAT(child.log(), HasSubstr(c.says));
  }
}

TEST(DaemonTest, AFolderOfModelsThatIsNotThereMayComeYet) {
  Child child({AnyRecurd(), "--metrics_listen=off", "--model_repository=/nowhere"});
  EXPECT_EQ(child.Wait(), 1);
  EXPECT_THAT(child.log(), HasSubstr("/nowhere"));
}

TEST(DaemonTest, ATakenPortIsAnErrorThatNamesTheAddress) {
  const Daemon daemon;
  Child second({AnyRecurd(), "--model_repository=" RECURD_SOURCE_DIR "/deploy/models", "--metrics_listen=off",
                "--listen=" + daemon.address()});
  EXPECT_EQ(second.Wait(), 1);
  EXPECT_THAT(second.log(), HasSubstr("can't listen on '" + daemon.address()));
}

}  // namespace
}  // namespace recurd
