#include "tests/integration/streamers.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

#include "recurd/client.h"

namespace recurd {
namespace {

constexpr size_t kIn = 8, kOut = 10;
constexpr int kAhead = 6;
constexpr unsigned kLongestChunk = 60;

}  // namespace

Sequence Sequence::Make(const std::string& server, unsigned seed) {
  Sequence sequence;
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  sequence.inputs.resize(kSteps * kIn);
  for (float& x : sequence.inputs) x = uniform(random);
  v1::InferRequest request;
  request.set_model("digits");
  request.mutable_inputs()->Assign(sequence.inputs.begin(), sequence.inputs.end());
  const auto client = Client::Connect(server);
  const auto answer = client.ok() ? client->Infer(request) : client.status();
  if (!answer.ok()) {
    std::fprintf(stderr, "no reference: %s\n", std::string(answer.status().message()).c_str());
    std::abort();
  }
  sequence.outputs.assign(answer->outputs().begin(), answer->outputs().end());
  return sequence;
}

Streamer::Streamer(std::vector<std::string> servers, const Sequence* sequence, unsigned seed, DurableOptions options)
    : servers_(std::move(servers)), sequence_(sequence), seed_(seed), options_(options), thread_([this] { Run(); }) {}

Streamer::~Streamer() { Finish(); }

std::string Streamer::Finish() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return wrong_;
}

void Streamer::Run() {
  v1::Open open;
  open.set_model("digits");
  open.set_checkpoint_steps(200);
  auto session = DurableSession::Open(servers_, open, options_);
  if (!session.ok()) {
    wrong_ = std::string(session.status().message());
    return;
  }
  while (!stop_ && wrong_.empty()) wrong_ = RunSequence(*session);
  resumed_ = session->resumed_count();
}

std::string Streamer::RunSequence(DurableSession& session) {
  std::mt19937 random(seed_ + static_cast<unsigned>(steps_));
  size_t sent = 0, answered = 0;
  while (answered < Sequence::kSteps) {
    while (sent < Sequence::kSteps && session.outstanding() < kAhead) {
      const size_t steps = std::min<size_t>(1 + random() % kLongestChunk, Sequence::kSteps - sent);
      ChunkOptions options;
      options.end = sent + steps == Sequence::kSteps;
      const absl::Status status = session.Send({sequence_->inputs.data() + sent * kIn, steps * kIn}, options);
      if (!status.ok()) return "send: " + std::string(status.message());
      sent += steps;
    }
    const auto outputs = session.Receive();
    if (!outputs.ok()) return "receive: " + std::string(outputs.status().message());
    if (outputs->first_step() != answered) {
      return "step " + std::to_string(outputs->first_step()) + " came where " + std::to_string(answered) + " was due";
    }
    const auto floats = static_cast<size_t>(outputs->outputs_size());
    const float* due = sequence_->outputs.data() + answered * kOut;
    if (floats != outputs->step_count() * kOut || std::memcmp(outputs->outputs().data(), due, floats * sizeof(float))) {
      return "other bits in the " + std::to_string(outputs->step_count()) + " steps from " + std::to_string(answered);
    }
    answered += outputs->step_count();
    steps_ += outputs->step_count();
    resumed_ = session.resumed_count();
  }
  return "";
}

Crowd::Crowd(const std::string& undisturbed, const std::vector<std::string>& servers, int count,
             DurableOptions options) {
  for (int i = 0; i < count; ++i) sequences_.push_back(Sequence::Make(undisturbed, static_cast<unsigned>(i)));
  for (int i = 0; i < count; ++i) {
    streamers_.push_back(std::make_unique<Streamer>(servers, &sequences_[static_cast<size_t>(i)],
                                                    static_cast<unsigned>(1000 + i), options));
  }
}

bool Crowd::WaitForSteps(int64_t steps) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  std::vector<int64_t> due;
  for (const auto& streamer : streamers_) due.push_back(streamer->steps() + steps);
  for (size_t i = 0; i < streamers_.size(); ++i) {
    while (streamers_[i]->steps() < due[i]) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return true;
}

std::string Crowd::Finish() {
  std::string wrong;
  for (const auto& streamer : streamers_) {
    const std::string what = streamer->Finish();
    if (!what.empty()) wrong += what + "\n";
  }
  return wrong;
}

int64_t Crowd::steps() const {
  int64_t sum = 0;
  for (const auto& streamer : streamers_) sum += streamer->steps();
  return sum;
}

int Crowd::resumed() const {
  int sum = 0;
  for (const auto& streamer : streamers_) sum += streamer->resumed();
  return sum;
}

}  // namespace recurd
