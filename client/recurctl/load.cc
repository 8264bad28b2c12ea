#include "client/recurctl/load.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/recurctl/load_stream.h"
#include "recurd/connection.h"
#include "server/base/clock.h"

namespace recurd {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kTickNs = kSecondNs / 10;  // longest sleep: progress and interrupts are looked at in between
constexpr int64_t kSpinNs = 3'000'000;       // a queue can't sleep for less than 1-2 ms (measured), so it is polled
constexpr int64_t kOpenLimitNs = 30 * kSecondNs;  // until all sessions must be open
constexpr int64_t kDrainLimitNs = 5 * kSecondNs;  // until all answers must be in
constexpr int kRequestCount = 16;

// Chunks of seeded uniform inputs in [-1, 1), shared by all streams: Write serialises before it returns.
std::vector<v1::StreamRequest> MakeRequests(const LoadOptions& options) {
  std::mt19937_64 random(options.seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<v1::StreamRequest> requests(kRequestCount);
  for (v1::StreamRequest& request : requests) {
    for (int64_t i = 0; i < int64_t{options.chunk_steps} * options.input_size; ++i) {
      request.mutable_chunk()->add_inputs(uniform(random));
    }
  }
  return requests;
}

class Load {
 public:
  Load(const LoadOptions& options, const LoadProgress& progress, LoadResult* result)
      : options_(options), progress_(progress), result_(*result), requests_(MakeRequests(options)) {}

  // Every pending operation ends before the queue and the streams go.
  ~Load() {
    for (auto& stream : streams_) stream->Cancel();
    while (done_count_ < streams_.size()) Poll(kTickNs);
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  absl::Status Run() {
    if (absl::Status status = Open(); !status.ok()) return status;
    start_ns_ = Now();
    measure_ns_ = start_ns_ + options_.warmup_ns;
    end_ns_ = measure_ns_ + options_.duration_ns;
    sending_ = true;
    for (auto& stream : streams_) SendNext(*stream);
    while (Now() < end_ns_ && done_count_ < streams_.size() && Progress()) {
      SendDue();
      Poll(SleepNs());
    }
    sending_ = false;
    stop_ns_ = std::min(Now(), end_ns_);
    result_.measured_ns = std::max<int64_t>(stop_ns_ - measure_ns_, 0);
    CountUnsent();
    Drain();
    return absl::OkStatus();
  }

 private:
  int64_t Now() const { return clock_.NowNs(); }

  absl::Status Open() {
    auto connection = Connection::Make(options_.server, options_.client);
    if (!connection.ok()) return connection.status();
    connection_ = *std::move(connection);
    for (int i = 0; i < options_.streams; ++i) {
      streams_.push_back(std::make_unique<LoadStream>(options_.open, i));
      streams_.back()->Start(*connection_, &queue_);
    }
    const int64_t limit_ns = Now() + kOpenLimitNs;
    while (opened_count_ + done_count_ < streams_.size() && Now() < limit_ns && Progress()) Poll(kTickNs);
    if (opened_count_ > 0) return absl::OkStatus();
    return absl::FailedPreconditionError(result_.first_error.empty()
                                             ? absl::StrCat(options_.server, " opened no session within 30 s")
                                             : result_.first_error);
  }

  // Message k of stream i of n is due (i + k n) / (n rate) after the start: the streams take turns.
  int64_t DueNs(uint64_t index, uint64_t k) const {
    const double n = static_cast<double>(streams_.size());
    const double turns = (static_cast<double>(index) + static_cast<double>(k) * n) / n;
    return start_ns_ + static_cast<int64_t>(turns * kSecondNs / options_.rate);
  }

  void SendDue() {
    if (options_.rate == 0) return;
    const uint64_t n = streams_.size();
    for (const int64_t now = Now(); DueNs(turn_ % n, turn_ / n) <= now; ++turn_) SendNext(*streams_[turn_ % n]);
  }

  int64_t SleepNs() const {
    if (options_.rate == 0 || ready_count_ == 0) return kTickNs;  // an answer comes first
    const int64_t until_due_ns = DueNs(turn_ % streams_.size(), turn_ / streams_.size()) - Now();
    return until_due_ns < kSpinNs ? 0 : std::min(until_due_ns - kSpinNs / 2, kTickNs);
  }

  // Sends the stream's next message if it can go and is due.
  void SendNext(LoadStream& stream) {
    if (!sending_ || !stream.ready()) return;
    const int64_t now = Now();
    const int64_t due_ns = options_.rate == 0 ? now : DueNs(stream.index(), stream.sent_count());
    if (due_ns > now || now >= end_ns_) return;
    stream.Send(&requests_[next_request_++ % kRequestCount], due_ns, now);
    --ready_count_;
  }

  // Waits for one event, at most `wait_ns`, and handles it.
  void Poll(int64_t wait_ns) {
    void* tag;
    bool ok;
    const gpr_timespec deadline =
        wait_ns == 0 ? gpr_time_0(GPR_CLOCK_MONOTONIC)
                     : gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(wait_ns, GPR_TIMESPAN));
    if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return;
    const LoadStream::Tag& event = *static_cast<LoadStream::Tag*>(tag);
    LoadStream& stream = *event.stream;
    const bool was_ready = stream.ready();
    const bool has_response = stream.OnTag(event.op, ok);
    ready_count_ += stream.ready() - was_ready;
    if (has_response) {
      OnResponse(stream);
      stream.ReadOn();
    }
    if (stream.done()) {
      OnDone(stream);
    } else if (draining_ && stream.ready()) {
      stream.Close();
    } else {
      SendNext(stream);
    }
  }

  void OnResponse(LoadStream& stream) {
    const v1::StreamResponse& response = stream.response();
    if (response.has_opened()) {
      ++opened_count_;
    } else if (response.has_outputs()) {
      OnOutputs(stream, response.outputs());
    } else if (response.has_refused()) {
      ++result_.refused[response.refused().code()];
      NoteError(response.refused().message());
      if (!stream.opened()) stream.Cancel();
    } else if (response.has_ended() && !stream.closing()) {
      NoteError(absl::StrCat("session ended: ", v1::Ended::Reason_Name(response.ended().reason()), " ",
                             response.ended().message()));
    }
  }

  void OnOutputs(const LoadStream& stream, const v1::Outputs& outputs) {
    const int64_t now = Now();
    if (now >= measure_ns_ && now < end_ns_) {
      ++result_.messages;
      result_.steps += outputs.step_count();
    }
    if (stream.due_ns() >= measure_ns_) result_.latency.Record(now - stream.due_ns());
    if (stream.sent_ns() < measure_ns_) return;
    result_.from_send.Record(now - stream.sent_ns());
    result_.queue.Record(static_cast<int64_t>(outputs.queue_ns()));
    result_.pipeline.Record(static_cast<int64_t>(outputs.pipeline_ns()));
    if (outputs.modelled_ns() > 0) result_.modelled.Record(static_cast<int64_t>(outputs.modelled_ns()));
  }

  void OnDone(const LoadStream& stream) {
    ++done_count_;
    if (stream.closing() && stream.status().ok()) return;
    ++result_.broken_streams;
    NoteError(stream.status().error_message());
  }

  void NoteError(const std::string& message) {
    if (result_.first_error.empty()) result_.first_error = message;
  }

  void CountUnsent() {
    if (options_.rate == 0) return;
    for (const auto& stream : streams_) {
      for (uint64_t k = stream->sent_count(); DueNs(stream->index(), k) < stop_ns_; ++k) {
        const int64_t due_ns = DueNs(stream->index(), k);
        if (due_ns < measure_ns_) continue;
        ++result_.unsent;
        result_.latency.Record(stop_ns_ - due_ns);
      }
    }
  }

  void Drain() {
    draining_ = true;
    for (auto& stream : streams_) {
      if (stream->ready()) stream->Close();
    }
    const int64_t limit_ns = Now() + kDrainLimitNs;
    while (done_count_ < streams_.size() && Now() < limit_ns) Poll(kTickNs);
  }

  // Tells how far the load is, ten times a second. False once it has to end.
  bool Progress() {
    const int64_t now = Now();
    if (now < next_progress_ns_) return !stopped_;
    next_progress_ns_ = now + kTickNs;
    const double seconds = start_ns_ == 0 ? 0 : static_cast<double>(now - start_ns_) / kSecondNs;
    stopped_ = stopped_ || !progress_(seconds, result_);
    return !stopped_;
  }

  const LoadOptions& options_;
  const LoadProgress& progress_;
  LoadResult& result_;
  const SteadyClock clock_;
  std::vector<v1::StreamRequest> requests_;
  uint64_t next_request_ = 0;

  grpc::CompletionQueue queue_;
  std::shared_ptr<const Connection> connection_;
  std::vector<std::unique_ptr<LoadStream>> streams_;
  size_t opened_count_ = 0;
  size_t done_count_ = 0;
  int ready_count_ = 0;  // streams that could send
  uint64_t turn_ = 0;    // open loop: the next message of all streams' to come due

  int64_t start_ns_ = 0;
  int64_t measure_ns_ = std::numeric_limits<int64_t>::max();
  int64_t end_ns_ = std::numeric_limits<int64_t>::max();
  int64_t stop_ns_ = 0;
  int64_t next_progress_ns_ = 0;
  bool sending_ = false;
  bool draining_ = false;
  bool stopped_ = false;
};

}  // namespace

absl::Status CheckChunkSteps(int64_t chunk_steps, const v1::GetModelResponse& model,
                             const v1::GetServerInfoResponse& server) {
  if (chunk_steps > server.max_chunk_steps()) {
    return absl::InvalidArgumentError(absl::StrCat("a message of ", chunk_steps,
                                                   " steps is above the daemon's limit of ", server.max_chunk_steps(),
                                                   " steps: choose a smaller --chunk"));
  }
  const int64_t row_bytes = std::max(model.input_size(), model.output_size()) * int64_t{sizeof(float)};
  if (chunk_steps * row_bytes > server.max_message_bytes()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a message of ", chunk_steps, " steps of ", model.input_size(), " floats in and ", model.output_size(),
        " out takes ", chunk_steps * row_bytes, " bytes, above the daemon's limit of ", server.max_message_bytes(),
        " bytes: choose a --chunk of at most ", server.max_message_bytes() / row_bytes));
  }
  return absl::OkStatus();
}

absl::Status RunLoad(const LoadOptions& options, const LoadProgress& progress, LoadResult* result) {
  return Load(options, progress, result).Run();
}

}  // namespace recurd
