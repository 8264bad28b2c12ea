#include "recurd/servers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace recurd {

int64_t Backoff::DelayNs(int attempt, std::mt19937_64& random) const {
  const int doublings = std::clamp(attempt, 0, 32);
  const int64_t most_ns = base_ns > max_ns >> doublings ? max_ns : base_ns << doublings;
  return std::uniform_int_distribution<int64_t>(0, most_ns)(random);
}

ServerList::ServerList(const std::vector<std::string>& addresses, Backoff backoff, uint64_t seed)
    : backoff_(backoff), random_(seed) {
  for (const std::string& address : addresses) {
    if (std::find(addresses_.begin(), addresses_.end(), address) == addresses_.end()) addresses_.push_back(address);
  }
}

void ServerList::Begin(int64_t now_ns, int64_t limit_ns) {
  if (outage_) return;
  outage_ = true;
  limit_ns_ = limit_ns;
  give_up_ns_ = now_ns + limit_ns;
}

void ServerList::Settle() {
  outage_ = false;
  failures_ = 0;
  not_before_ns_.clear();
  errors_.clear();
  unfit_.clear();
}

void ServerList::Failed(absl::Status why, int64_t now_ns, bool unfit, int64_t retry_after_ns) {
  last_error_ = why;
  errors_[current()] = std::move(why);
  not_before_ns_[current()] = now_ns + retry_after_ns;
  if (unfit) unfit_.insert(current());
  ++failures_;
  at_ = (at_ + 1) % addresses_.size();
}

absl::StatusOr<ServerList::Attempt> ServerList::Plan(int64_t now_ns) {
  int64_t at_ns = failures_ == 0 ? now_ns : now_ns + backoff_.DelayNs(failures_ - 1, random_);
  const size_t count = addresses_.size();
  size_t best = count;
  int64_t best_ns = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (at_ + i) % count;
    if (unfit_.count(addresses_[index]) > 0) continue;
    const auto held_back = not_before_ns_.find(addresses_[index]);
    const int64_t from_ns = held_back == not_before_ns_.end() ? at_ns : std::max(at_ns, held_back->second);
    if (best == count || from_ns < best_ns) {
      best = index;
      best_ns = from_ns;
    }
  }
  if (best == count) return Nobody(last_error_.code(), "can take this session");
  const auto held_back = not_before_ns_.find(addresses_[best]);
  const bool may_by_then = held_back == not_before_ns_.end() || held_back->second <= give_up_ns_;
  if (outage_ && best_ns > give_up_ns_ && now_ns < give_up_ns_ && may_by_then) best_ns = give_up_ns_;  // the last one
  if (outage_ && best_ns > give_up_ns_ && errors_.size() == count) {
    return Nobody(absl::StatusCode::kUnavailable,
                  absl::StrCat("took the session within ", static_cast<double>(limit_ns_) / 1e9, " s"));
  }
  at_ = best;
  return Attempt{addresses_[best], best_ns};
}

absl::Status ServerList::Nobody(absl::StatusCode code, const std::string& did) const {
  std::string text;
  for (const std::string& address : addresses_) {
    const auto error = errors_.find(address);
    if (error != errors_.end()) absl::StrAppend(&text, std::string(error->second.message()), "; ");
  }
  absl::StrAppend(&text, "no server of the list ", did);
  absl::Status status(code, text);
  last_error_.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { status.SetPayload(url, payload); });
  return status;
}

}  // namespace recurd
