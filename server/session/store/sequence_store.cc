#include "server/session/store/sequence_store.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/session/session_id.h"

namespace recurd {
namespace {

using sequence_records::Outcome;

constexpr int kNiceness = 10;  // serving comes first
constexpr size_t kBatchJobs = 64;
constexpr int64_t kBatchBytes = 1 << 20;
constexpr int kAskAgainMs = 10;
constexpr int64_t kArriveNs = 200'000'000;  // what began elsewhere just now may still be on its way to Redis
constexpr size_t kMaxErases = 65'536;       // that wait for Redis to be reached again
constexpr int64_t kFirstBackoffNs = 100'000'000, kMaxBackoffNs = 5'000'000'000;
constexpr int64_t kFinishStepUs = 1000;

int MakeEventFd() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    std::perror("recurd: eventfd");
    std::abort();
  }
  return fd;
}

}  // namespace

SequenceStore::SequenceStore(SequenceStoreOptions options, StoreMetrics& metrics, const Clock& clock)
    : options_(std::move(options)),
      metrics_(metrics),
      clock_(clock),
      process_(RandomSessionId()),
      wake_fd_(MakeEventFd()),
      thread_([this] { Run(); }) {}

SequenceStore::~SequenceStore() {
  Listen({});
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_fd_, 1);
  thread_.join();
  close(wake_fd_);
}

// ---- the callers' side --------------------------------------------------------------------------------------------

void SequenceStore::Listen(Listener listener) {
  MutexLock lock(listener_mutex_);
  listener_ = listener.post ? std::make_shared<const Listener>(std::move(listener)) : nullptr;
}

void SequenceStore::Post(std::function<void(const Listener&)> message) {
  MutexLock lock(listener_mutex_);
  if (listener_) listener_->post([listener = listener_, message = std::move(message)] { message(*listener); });
}

void SequenceStore::Leave(Job job) {
  queued_bytes_.fetch_add(job.bytes(), std::memory_order_relaxed);
  unfinished_.fetch_add(1, std::memory_order_relaxed);
  bool wakes;
  {
    MutexLock lock(mutex_);
    wakes = left_.empty();
    left_.push_back(std::move(job));
  }
  if (wakes) eventfd_write(wake_fd_, 1);
}

bool SequenceStore::Keep(const Name& name, Checkpoint checkpoint) {
  Job job = {.kind = Job::Kind::kKeep, .name = name, .checkpoint = std::move(checkpoint)};
  if (!job.checkpoint.always && queued_bytes_.load(std::memory_order_relaxed) + job.bytes() > kMaxQueuedBytes) {
    metrics_.full.Add();
    return false;
  }
  Leave(std::move(job));
  return true;
}

void SequenceStore::Erase(const Name& name) { Leave({.kind = Job::Kind::kErase, .name = name}); }

void SequenceStore::Take(const Name& name, Found found) {
  Leave({.kind = Job::Kind::kTake, .name = name, .found = std::move(found)});
}

bool SequenceStore::finishing() const {
  MutexLock lock(mutex_);
  return finishing_;
}

bool SequenceStore::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

size_t SequenceStore::Finish(int64_t timeout_ns) {
  {
    MutexLock lock(mutex_);
    finishing_ = true;
  }
  eventfd_write(wake_fd_, 1);
  const int64_t until_ns = clock_.NowNs() + timeout_ns;
  for (;;) {
    const size_t unfinished = unfinished_.load(std::memory_order_relaxed);
    if (unfinished == 0 || clock_.NowNs() >= until_ns) return unfinished;
    usleep(kFinishStepUs);
  }
}

// ---- the thread ---------------------------------------------------------------------------------------------------

void SequenceStore::Run() {
  setpriority(PRIO_PROCESS, 0, kNiceness);  // on Linux 0 is the calling thread
  Connect();
  while (WaitForWork()) {
    TakeJobs();
    if (!link_ && clock_.NowNs() >= RetryNs()) Connect();
    if (!link_) {
      GiveUpJobs();
    } else if (!jobs_.empty()) {
      RunBatch();
    }
  }
}

void SequenceStore::Connect() {
  const std::string channel = sequence_records::ChannelOf(process_);
  auto pushes = RedisLink::Connect(options_.address, options_.password);
  absl::Status status = pushes.status();
  if (status.ok()) status = (*pushes)->Ask({"SUBSCRIBE", channel}).status();
  if (status.ok()) {
    auto link = RedisLink::Connect(options_.address, options_.password);
    status = link.status();
    if (status.ok()) link_ = *std::move(link);
  }
  if (!status.ok()) return Disconnect(std::string(status.message()));
  pushes_ = *std::move(pushes);
  metrics_.up.Set(1);
  if (!warned_) LogInfo(absl::StrCat("sequences are kept in ", options_.address.ToString()));
  Post([](const Listener& listener) { listener.again(); });
}

void SequenceStore::Disconnect(const std::string& why) {
  const bool at_once = link_ != nullptr && !std::exchange(tried_at_once_, true);
  link_.reset();
  pushes_.reset();
  metrics_.up.Set(0);
  metrics_.errors.Add();
  backoff_ns_ = at_once ? 0 : std::clamp(2 * backoff_ns_, kFirstBackoffNs, kMaxBackoffNs);
  lost_ns_ = clock_.NowNs();
  for (Job& job : held_) jobs_.push_back(std::move(job));
  held_.clear();
  if (std::exchange(warned_, true) && why == warned_of_) return;
  warned_of_ = why;
  const std::string address = options_.address.ToString();
  LogWarning(absl::StrCat("--sequence_store can't be reached: ", absl::StrContains(why, address) ? "" : address + ": ",
                          absl::StripSuffix(why, "."), ". Serving goes on, sequences aren't kept; it is tried again"));
}

int64_t SequenceStore::RetryNs() const { return lost_ns_ + (finishing() ? kFirstBackoffNs : backoff_ns_); }

int SequenceStore::WaitMs() const {
  if (!link_) return static_cast<int>(std::clamp<int64_t>((RetryNs() - clock_.NowNs()) / 1'000'000 + 1, 0, 5000));
  if (!jobs_.empty()) return 0;
  return held_.empty() ? -1 : kAskAgainMs;
}

bool SequenceStore::WaitForWork() {
  pollfd fds[] = {{.fd = wake_fd_, .events = POLLIN}, {.fd = pushes_ ? pushes_->fd() : -1, .events = POLLIN}};
  poll(fds, 2, WaitMs());
  eventfd_t count;
  if (fds[0].revents != 0) eventfd_read(wake_fd_, &count);
  if (fds[1].revents != 0) OnPushed();
  MutexLock lock(mutex_);
  return !stopping_;
}

void SequenceStore::OnPushed() {
  const auto pushed = pushes_->TakePushed();
  if (!pushed.ok()) return Disconnect(std::string(pushed.status().message()));
  for (const RedisReply& reply : *pushed) {
    std::string key = sequence_records::KeyAsked(reply);
    if (!key.empty()) Post([key = std::move(key)](const Listener& listener) { listener.asked(key); });
  }
}

void SequenceStore::TakeJobs() {
  std::vector<Job> left;
  {
    MutexLock lock(mutex_);
    left.swap(left_);
  }
  for (Job& job : left) jobs_.push_back(std::move(job));
  metrics_.queued_bytes.Set(queued_bytes_.load(std::memory_order_relaxed));
  if (clock_.NowNs() < ask_again_ns_) return;
  for (Job& job : held_) jobs_.push_back(std::move(job));
  held_.clear();
}

// What can't be done while Redis isn't reached.
void SequenceStore::GiveUpJobs() {
  const bool last_chance = finishing();
  std::deque<Job> kept;
  for (Job& job : std::exchange(jobs_, {})) {
    const bool keeps =
        job.kind == Job::Kind::kErase ? kept.size() < kMaxErases : job.kind == Job::Kind::kKeep && last_chance;
    if (keeps) {
      kept.push_back(std::move(job));
      continue;
    }
    if (job.kind == Job::Kind::kKeep) metrics_.lost.Add();
    if (job.found) {
      Post([found = job.found, where = options_.address.ToString()](const Listener&) {
        found(Restore::kUnavailable, absl::StrCat(where, " can't be reached"), "");
      });
    }
    Done(job);
  }
  jobs_ = std::move(kept);
}

void SequenceStore::RunBatch() {
  std::deque<Job> batch;
  for (int64_t bytes = 0; !jobs_.empty() && batch.size() < kBatchJobs && bytes < kBatchBytes;) {
    bytes += jobs_.front().bytes();
    if (jobs_.front().kind == Job::Kind::kTake && jobs_.front().force_ns == 0) {
      jobs_.front().force_ns = clock_.NowNs() + kAskNs;
    }
    Send(jobs_.front());
    batch.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  while (!batch.empty()) {
    absl::StatusOr<Answer> answer = stopping() ? absl::CancelledError("the daemon stops") : Receive(batch.front());
    if (!answer.ok()) {
      for (; !batch.empty(); batch.pop_back()) jobs_.push_front(std::move(batch.back()));
      return Disconnect(std::string(answer.status().message()));
    }
    OnAnswered();
    OnAnswer(std::move(batch.front()), *std::move(answer));
    batch.pop_front();
  }
}

// Only now it is sure that Redis does what it is asked: links that break before are no better than none.
void SequenceStore::OnAnswered() {
  tried_at_once_ = false;
  backoff_ns_ = 0;
  error_logged_ = false;
  if (std::exchange(warned_, false)) {
    LogInfo(absl::StrCat("sequences are kept in ", options_.address.ToString(), " again"));
  }
}

void SequenceStore::Send(const Job& job) {
  const auto known = since_.find(job.name.serial);
  const int64_t now_ns = clock_.NowNs();
  const sequence_records::Owner owner = {.process = process_,
                                         .serial = job.name.serial,
                                         .since = known == since_.end() ? absl::string_view() : known->second,
                                         .age_us = std::max<int64_t>(0, (now_ns - job.name.since_ns) / 1000)};
  const int64_t ttl_ms = std::max<int64_t>(1, options_.ttl_ns / 1'000'000);
  switch (job.kind) {
    case Job::Kind::kKeep: {
      const Checkpoint& checkpoint = job.checkpoint;
      const sequence_records::Record record = {checkpoint.version, checkpoint.state, checkpoint.free, ttl_ms};
      return sequence_records::Keep(*link_, job.name.key, owner, record);
    }
    case Job::Kind::kErase:
      return sequence_records::Erase(*link_, job.name.key, owner);
    case Job::Kind::kTake:
      return sequence_records::Take(*link_, job.name.key, owner, ttl_ms, now_ns >= job.force_ns);
  }
}

absl::StatusOr<SequenceStore::Answer> SequenceStore::Receive(const Job& job) {
  RECURD_ASSIGN_OR_RETURN(const RedisReply reply, link_->Receive());
  switch (job.kind) {
    case Job::Kind::kKeep:
      return sequence_records::Kept(reply);
    case Job::Kind::kErase:
      return sequence_records::Erased(reply);
    case Job::Kind::kTake:
      break;
  }
  return sequence_records::Taken(reply);
}

void SequenceStore::OnAnswer(Job job, Answer answer) {
  const int64_t now_ns = clock_.NowNs();
  const bool early = answer.outcome == Outcome::kAbsent && now_ns < job.force_ns - kAskNs + kArriveNs;
  if (answer.outcome == Outcome::kHeld || early) {
    if (held_.empty()) ask_again_ns_ = now_ns + kAskAgainMs * 1'000'000;
    return held_.push_back(std::move(job));
  }
  if (answer.outcome == Outcome::kFailed) {
    metrics_.errors.Add();
    if (!std::exchange(error_logged_, true)) {
      LogWarning(absl::StrCat("--sequence_store=", options_.address.ToString(), " refuses: ", answer.why));
    }
  }
  const bool last = job.kind == Job::Kind::kErase || job.checkpoint.free;
  if (answer.outcome == Outcome::kDone && !last) {
    since_[job.name.serial] = std::move(answer.since);
  } else if (last || answer.outcome == Outcome::kFenced) {
    since_.erase(job.name.serial);
  }
  if (job.kind == Job::Kind::kKeep) {
    if (answer.outcome == Outcome::kDone) metrics_.writes.Add();
    if (answer.outcome == Outcome::kFailed) metrics_.lost.Add();
    if (answer.outcome == Outcome::kFenced) {
      metrics_.fenced.Add();
      Post([name = job.name](const Listener& listener) { listener.fenced(name.key, name.serial); });
    }
  }
  if (job.kind == Job::Kind::kTake) {
    const Restore restore = answer.outcome == Outcome::kDone     ? Restore::kRestored
                            : answer.outcome == Outcome::kAbsent ? Restore::kAbsent
                                                                 : Restore::kUnavailable;
    Post([found = job.found, restore, first = restore == Restore::kRestored ? answer.version : answer.why,
          state = std::move(answer.state)](const Listener&) { found(restore, first, state); });
  }
  Done(job);
}

void SequenceStore::Done(const Job& job) {
  queued_bytes_.fetch_sub(job.bytes(), std::memory_order_relaxed);
  unfinished_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace recurd
