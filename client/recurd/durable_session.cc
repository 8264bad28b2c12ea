#include "recurd/durable_session.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "recurd/errors.h"
#include "recurd/link.h"
#include "recurd/resume.h"

namespace recurd {
namespace {

using Clock = std::chrono::steady_clock;
using Lock = std::unique_lock<std::mutex>;

constexpr int64_t kForeverNs = std::numeric_limits<int64_t>::max();
constexpr int64_t kMsNs = 1'000'000;
constexpr int64_t kCloseNs = 5'000 * kMsNs;  // for the server's word that the session is closed
constexpr uint32_t kCheckpointSteps = 512;
constexpr size_t kMinReplayBytes = 4096;

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

// Tells this session from others, and nothing else: it is no secret.
std::string NewRoute() {
  std::random_device random;
  return absl::StrCat(absl::Hex(random(), absl::kZeroPad8), absl::Hex(random(), absl::kZeroPad8));
}

v1::Open WithCheckpoints(v1::Open open) {
  if (open.checkpoint_steps() == 0) open.set_checkpoint_steps(kCheckpointSteps);
  return open;
}

Resume::Limits LimitsOf(const DurableOptions& options) {
  return {.replay_bytes = options.replay_bytes,
          .connect_timeout_ns = options.client.connect_timeout_ms * kMsNs,
          .resume_timeout_ns = options.resume_timeout_ms * kMsNs,
          .answer_timeout_ns = options.answer_timeout_ms * kMsNs};
}

Backoff BackoffOf(const DurableOptions& options) {
  return {.base_ns = options.backoff_base_ms * kMsNs, .max_ns = options.backoff_max_ms * kMsNs};
}

absl::Status Check(const std::vector<std::string>& servers, const DurableOptions& options) {
  if (servers.empty()) return absl::InvalidArgumentError("the list of servers is empty: give an address, as HOST:PORT");
  for (const std::string& server : servers) {  // what can't ever work is said before anything is tried
    const auto connection = Connection::Make(server, options.client);
    if (!connection.ok()) return connection.status();
  }
  if (options.replay_bytes < kMinReplayBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("replay_bytes=", options.replay_bytes, ": give at least ", kMinReplayBytes));
  }
  if (options.answer_timeout_ms < 1 || options.resume_timeout_ms < 0 || options.backoff_base_ms < 0 ||
      options.backoff_max_ms < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("answer_timeout_ms=", options.answer_timeout_ms, ", resume_timeout_ms=", options.resume_timeout_ms,
                     ", backoff=", options.backoff_base_ms, "..", options.backoff_max_ms, ": give times above 0"));
  }
  return absl::OkStatus();
}

}  // namespace

// Nobody works in the background: of the threads that wait for something, one (`pumping`) polls the connection for all,
// and hands over to the next when it has what it waited for.
struct DurableSession::Impl {
  Impl(const std::vector<std::string>& servers, const v1::Open& open, const DurableOptions& options)
      : options(options),
        core(WithCheckpoints(open), LimitsOf(options),
             ServerList(servers, BackoffOf(options), std::random_device()())) {}

  // Until `ready` is true, the session is over (its failure), or `until_ns` (DEADLINE_EXCEEDED).
  template <typename Ready>
  absl::Status Wait(Lock& lock, int64_t until_ns, const Ready& ready);
  // Does one thing for the session: connects, or handles an event of the connection.
  void Pump(Lock& lock, int64_t until_ns);
  void ConnectWhenDue(Lock& lock, int64_t until_ns);
  void Poll(Lock& lock, int64_t until_ns);
  void OnEvent(Link::Event event);
  void WriteMore();
  void Sleep(Lock& lock, int64_t until_ns);

  const DurableOptions options;
  const std::string route = NewRoute();
  size_t input_size = 0;     // of the first connection, and so of all
  mutable std::mutex mutex;  // guards all below
  std::condition_variable changed;
  Resume core;
  std::unique_ptr<Link>
      link;  // also polled without the mutex, by the thread that set `pumping`; only that one drops it
  bool pumping = false;
  std::optional<ServerList::Attempt> attempt;  // the next one, once it is planned
};

template <typename Ready>
absl::Status DurableSession::Impl::Wait(Lock& lock, int64_t until_ns, const Ready& ready) {
  while (!ready()) {
    if (core.over()) return core.failure();
    if (NowNs() >= until_ns) return absl::DeadlineExceededError("the time is up");
    pumping ? Sleep(lock, until_ns) : Pump(lock, until_ns);
  }
  return absl::OkStatus();
}

void DurableSession::Impl::Sleep(Lock& lock, int64_t until_ns) {
  if (until_ns == kForeverNs) return changed.wait(lock);
  changed.wait_until(lock, Clock::time_point(std::chrono::nanoseconds(until_ns)));
}

void DurableSession::Impl::Pump(Lock& lock, int64_t until_ns) {
  pumping = true;
  if (core.wants_connection()) {
    ConnectWhenDue(lock, until_ns);
  } else if (link == nullptr) {
    Sleep(lock, until_ns);
  } else {
    Poll(lock, until_ns);
  }
  pumping = false;
  changed.notify_all();
}

void DurableSession::Impl::ConnectWhenDue(Lock& lock, int64_t until_ns) {
  if (!attempt) attempt = core.Plan(NowNs());
  if (!attempt) return;
  if (attempt->at_ns > NowNs()) return Sleep(lock, std::min(attempt->at_ns, until_ns));
  const std::string server = attempt->server;
  attempt.reset();
  v1::StreamRequest opening = core.Connect(server, NowNs());
  auto connection = Connection::Make(server, options.client);  // reads certificates again: they may be new
  if (!connection.ok()) {
    return core.OnLost(connection.status().code(), std::string(connection.status().message()), NowNs());
  }
  link = std::make_unique<Link>(*std::move(connection), std::move(opening), route);
}

void DurableSession::Impl::Poll(Lock& lock, int64_t until_ns) {
  // What is sent meanwhile may owe an answer: looks again in time.
  const int64_t look_ns = NowNs() + options.answer_timeout_ms * kMsNs / 2;
  const int64_t wake_ns = std::min({until_ns, core.overdue_ns(), look_ns});
  lock.unlock();
  const Link::Tag tag = link->Next(wake_ns);
  lock.lock();
  OnEvent(link->On(tag));
  if (NowNs() >= core.overdue_ns()) core.OnOverdue(NowNs());
  if (core.phase() == Resume::Phase::kIdle || core.over()) link.reset();
}

void DurableSession::Impl::OnEvent(Link::Event event) {
  if (event == Link::Event::kMessage) {
    core.OnResponse(link->response(), NowNs());
    link->Read();
    WriteMore();
  } else if (event == Link::Event::kWritten) {
    WriteMore();
  } else if (event == Link::Event::kClosed) {
    const grpc::Status& status = link->status();
    if (status.ok())
      return core.OnLost(absl::StatusCode::kUnavailable, "the server ended the stream without a reason", NowNs());
    core.OnLost(static_cast<absl::StatusCode>(status.error_code()), status.error_message(), NowNs());
  }
}

void DurableSession::Impl::WriteMore() {
  if (link == nullptr || !link->can_write()) return;
  if (const v1::StreamRequest* request = core.NextRequest(NowNs())) link->Write(*request);
}

DurableSession::DurableSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DurableSession::DurableSession(DurableSession&&) noexcept = default;
DurableSession& DurableSession::operator=(DurableSession&&) noexcept = default;
DurableSession::~DurableSession() = default;

absl::StatusOr<DurableSession> DurableSession::Open(const std::vector<std::string>& servers, const v1::Open& open,
                                                    const DurableOptions& options) {
  if (absl::Status status = Check(servers, options); !status.ok()) return status;
  auto impl = std::make_unique<Impl>(servers, open, options);
  Lock lock(impl->mutex);
  const absl::Status status = impl->Wait(lock, kForeverNs, [&] { return impl->core.has_opened(); });
  impl->input_size = impl->core.opened().input_size();
  lock.unlock();
  if (!status.ok()) return status;
  return DurableSession(std::move(impl));
}

absl::StatusOr<DurableSession> DurableSession::Open(const std::vector<std::string>& servers, const std::string& model,
                                                    const DurableOptions& options) {
  v1::Open open;
  open.set_model(model);
  return Open(servers, open, options);
}

absl::StatusOr<std::vector<float>> DurableSession::Step(absl::Span<const float> inputs) {
  if (const size_t row = impl_->input_size; inputs.size() != row) {
    return absl::InvalidArgumentError(absl::StrCat("a step takes ", row, " floats, not ", inputs.size()));
  }
  absl::StatusOr<v1::Outputs> outputs = Run(inputs);
  if (!outputs.ok()) return outputs.status();
  return std::vector<float>(outputs->outputs().begin(), outputs->outputs().end());
}

absl::StatusOr<v1::Outputs> DurableSession::Run(absl::Span<const float> inputs, const ChunkOptions& options) {
  {
    Lock lock(impl_->mutex);
    if (impl_->core.over()) return impl_->core.failure();
    if (const size_t count = impl_->core.outstanding(); count > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(count, " chunks were sent and not received: call Receive for each before Run or Step"));
    }
  }
  if (absl::Status status = Send(inputs, options); !status.ok()) return status;
  return Receive();
}

absl::Status DurableSession::Send(absl::Span<const float> inputs, const ChunkOptions& options) {
  Resume& core = impl_->core;
  Lock lock(impl_->mutex);
  if (core.over()) return core.failure();
  if (absl::Status status = core.Check(inputs, options); !status.ok()) return status;
  const size_t cost = ReplayLog::Cost(inputs.size(), options.state == nullptr ? 0 : options.state->values_size());
  const int64_t until_ns = NowNs() + impl_->options.answer_timeout_ms * kMsNs;
  const absl::Status status = impl_->Wait(lock, until_ns, [&] { return core.HasRoom(cost); });
  if (absl::IsDeadlineExceeded(status) && !core.over()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "no room for another chunk within ", impl_->options.answer_timeout_ms, " ms: ", core.outstanding(),
        " answers were not received (limit ", core.opened().max_chunks_ahead(), "), and ", core.log().used_bytes(),
        " bytes of the replay memory are in use (limit ", impl_->options.replay_bytes, ")"));
  }
  if (!status.ok()) return status;
  core.Add(inputs, options);
  impl_->WriteMore();
  impl_->changed.notify_all();
  return absl::OkStatus();
}

absl::StatusOr<v1::Outputs> DurableSession::Receive() {
  Lock lock(impl_->mutex);
  const absl::Status status = impl_->Wait(lock, kForeverNs, [&] { return impl_->core.has_answer(); });
  if (!status.ok()) return status;
  absl::StatusOr<v1::Outputs> answer = impl_->core.TakeAnswer();
  if (impl_->pumping && impl_->link != nullptr) impl_->link->Wake();  // a sender polls, which has waited for this place
  impl_->changed.notify_all();
  return answer;
}

absl::Status DurableSession::Close() {
  Resume& core = impl_->core;
  Lock lock(impl_->mutex);
  if (core.over()) return core.failure();
  core.Close();
  impl_->WriteMore();
  const absl::Status status = impl_->Wait(lock, NowNs() + kCloseNs, [] { return false; });
  core.Cancel();
  if (impl_->link != nullptr) impl_->link->Cancel();
  const auto end = EndOf(core.failure());
  const bool closed = absl::IsCancelled(core.failure()) || absl::IsDeadlineExceeded(status) ||
                      (end && end->reason() == v1::Ended::CLOSED);
  return closed ? absl::OkStatus() : core.failure();
}

void DurableSession::Cancel() {
  Lock lock(impl_->mutex);
  impl_->core.Cancel();
  if (impl_->link != nullptr) impl_->link->Cancel();
  impl_->changed.notify_all();
}

v1::Opened DurableSession::opened() const {
  Lock lock(impl_->mutex);
  return impl_->core.opened();
}

std::string DurableSession::server() const {
  Lock lock(impl_->mutex);
  return impl_->core.server();
}

int DurableSession::resumed_count() const {
  Lock lock(impl_->mutex);
  return impl_->core.resumed_count();
}

absl::Status DurableSession::last_loss() const {
  Lock lock(impl_->mutex);
  return impl_->core.last_loss();
}

uint64_t DurableSession::StepOfRow(const v1::Outputs& outputs, int row) const {
  return impl_->core.selection().StepOfRow(outputs, row);
}

int DurableSession::outstanding() const {
  Lock lock(impl_->mutex);
  return static_cast<int>(impl_->core.outstanding());
}

uint64_t DurableSession::next_step() const {
  Lock lock(impl_->mutex);
  return impl_->core.log().next_step();
}

std::optional<v1::State> DurableSession::checkpoint() const {
  Lock lock(impl_->mutex);
  return impl_->core.log().base();
}

}  // namespace recurd
