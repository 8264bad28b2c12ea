#include "server/engine/repairs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/log.h"

namespace recurd {
namespace {

const char* NameOf(Fault fault) { return kFaultNames[static_cast<size_t>(fault)]; }

std::string SessionsFailed(const RecoveryEvent& event) {
  return event.sessions_failed == 0 ? "" : absl::StrCat("; ended as failed: ", event.sessions_failed, " sessions");
}

}  // namespace

Repairs::Repairs(Engine& engine, Mailbox& serving, std::function<void()> wake, int64_t limit_ns)
    : engine_(engine), serving_(serving), admin_(std::move(wake)), limit_ns_(limit_ns) {
  engine.Watch([this](const RecoveryEvent& event) { admin_.Post([this, event] { OnEvent(event); }); });
}

Repairs::~Repairs() {
  if (repair_.joinable()) repair_.join();
}

bool Repairs::Work() {
  admin_.Drain();
  if (NsLeft() == 0) {
    lost_ |= Answer(absl::DeadlineExceededError(
        absl::StrCat("it has taken longer than ", limit_ns_ / 1'000'000'000, " s; switch the board off and on")));
  }
  return !lost_;
}

int64_t Repairs::NsLeft() {
  MutexLock lock(mutex_);
  return under_way_ ? std::max<int64_t>(0, due_ns_ - clock_.NowNs()) : INT64_MAX;
}

bool Repairs::GiveUp() {
  ending_ = true;
  const bool was_under_way = Answer(absl::CancelledError("the process ends before the repair does"));
  lost_ |= was_under_way;
  return was_under_way;
}

void Repairs::OnEvent(const RecoveryEvent& event) {
  switch (event.kind) {
    case RecoveryEvent::Kind::kFaults:
      return LogWarning(absl::StrCat("the pipeline failed (", NameOf(event.fault), "); started again: ", event.retries,
                                     " runs", SessionsFailed(event)));
    case RecoveryEvent::Kind::kDown:
      return Begin(event);
    case RecoveryEvent::Kind::kUp:
      return;  // Answer has said so
    case RecoveryEvent::Kind::kLost:
      lost_ = true;
      return LogError(absl::StrCat("the pipeline is lost (", NameOf(event.fault),
                                   "): every session was ended with its last checkpoint, the process ends"));
  }
}

void Repairs::Begin(const RecoveryEvent& event) {
  if (ending_) return;
  LogError(absl::StrCat("the pipeline is down (", NameOf(event.fault), ") and is being repaired; meanwhile ",
                        event.fallback ? "the fallback serves" : "nothing is served"));
  if (repair_.joinable()) repair_.join();  // the last one, which has answered
  due_ns_ = clock_.NowNs() + limit_ns_;
  {
    MutexLock lock(mutex_);
    under_way_ = true;
  }
  repair_ = std::thread([this] { Answer(engine_.pipeline().Repair()); });
}

bool Repairs::Answer(const absl::Status& status) {
  MutexLock lock(mutex_);
  if (!std::exchange(under_way_, false)) return false;
  if (status.ok()) {
    LogInfo("the pipeline is repaired");
  } else {
    LogError(absl::StrCat("the pipeline can't be repaired: ", std::string(status.message())));
  }
  serving_.Post([this, repaired = status.ok()] { engine_.OnRepaired(repaired); });
  return true;
}

}  // namespace recurd
