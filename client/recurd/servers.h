#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurd {

// Before attempt n of an outage the wait is uniform in 0 .. min(max, base * 2^n): full jitter. Nanoseconds.
struct Backoff {
  int64_t base_ns = 50'000'000;
  int64_t max_ns = 5'000'000'000;

  int64_t DelayNs(int attempt, std::mt19937_64& random) const;
};

// Which server to try next, and when: a list of servers through an outage, which begins with the first failure and ends
// with Settle. A server that can't ever serve this session (no such model, another profile) is left out for the rest of
// the outage. Each server gets one attempt at least. No I/O; times are nanoseconds of any one monotonic clock.
// Threads: one at a time.
class ServerList {
 public:
  struct Attempt {
    std::string server;
    int64_t at_ns;  // not before
  };

  // `addresses` must not be empty; doubles are left out.
  ServerList(const std::vector<std::string>& addresses, Backoff backoff, uint64_t seed);

  const std::string& current() const { return addresses_[at_]; }
  // An outage begins, unless one is on already; it may last `limit_ns`.
  void Begin(int64_t now_ns, int64_t limit_ns);
  // The outage is over: the current server does its work.
  void Settle();
  // The current server failed; the turn goes to the next one.
  void Failed(absl::Status why, int64_t now_ns, bool unfit, int64_t retry_after_ns);
  // The next attempt. Errors: the last one's code when no server is fit, UNAVAILABLE when the outage's limit would be
  // passed; the text names every server that was tried, and what it said.
  absl::StatusOr<Attempt> Plan(int64_t now_ns);

 private:
  absl::Status Nobody(absl::StatusCode code, const std::string& did) const;

  std::vector<std::string> addresses_;
  const Backoff backoff_;
  std::mt19937_64 random_;
  size_t at_ = 0;
  int failures_ = 0;
  bool outage_ = false;
  int64_t limit_ns_ = 0;
  int64_t give_up_ns_ = 0;
  absl::Status last_error_;
  std::map<std::string, int64_t> not_before_ns_;
  std::map<std::string, absl::Status> errors_;
  std::set<std::string> unfit_;
};

}  // namespace recurd
