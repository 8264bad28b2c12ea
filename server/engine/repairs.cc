#include "server/engine/repairs.h"

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

Repairs::Repairs(Engine& engine, Mailbox& serving, std::function<void()> wake)
    : engine_(engine), serving_(serving), admin_(std::move(wake)) {
  engine.Watch([this](const RecoveryEvent& event) { admin_.Post([this, event] { OnEvent(event); }); });
}

bool Repairs::Work() {
  admin_.Drain();
  return !lost_;
}

void Repairs::OnEvent(const RecoveryEvent& event) {
  switch (event.kind) {
    case RecoveryEvent::Kind::kFaults:
      return LogWarning(absl::StrCat("the pipeline failed (", NameOf(event.fault), "); started again: ", event.retries,
                                     " runs", SessionsFailed(event)));
    case RecoveryEvent::Kind::kDown:
      return Repair(event);
    case RecoveryEvent::Kind::kUp:
      return;  // Repair has said so
    case RecoveryEvent::Kind::kLost:
      lost_ = true;
      return LogError(absl::StrCat("the pipeline is lost (", NameOf(event.fault),
                                   "): every session was ended with its last checkpoint, the process ends"));
  }
}

void Repairs::Repair(const RecoveryEvent& event) {
  LogError(absl::StrCat("the pipeline is down (", NameOf(event.fault), ") and is being repaired; meanwhile ",
                        event.fallback ? "the fallback serves" : "nothing is served"));
  const absl::Status status = engine_.pipeline().Repair();
  if (status.ok()) {
    LogInfo("the pipeline is repaired");
  } else {
    LogError(absl::StrCat("the pipeline can't be repaired: ", std::string(status.message())));
  }
  serving_.Post([this, repaired = status.ok()] { engine_.OnRepaired(repaired); });
}

}  // namespace recurd
