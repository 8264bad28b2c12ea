// How long a client that sends one step at a time waits beside others that pour long chunks of a larger model. Live
// figures: the exact bound is tests/unit/engine/fairness_test.cc's, by a clock that nothing disturbs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/flocks.h"
#include "tests/bench/rpc/large_model.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLongSteps = 10'000;
constexpr std::chrono::seconds kTime(4);

// Sessions that always have two chunks on their way, sent by a thread of their own.
class Pourers {
 public:
  Pourers(const Daemon& daemon, int count)
      : flock_(
            SessionTalk(daemon.address(), std::min(count, 50),
                        {.model = "large", .input_size = 1, .steps = kLongSteps, .outputs = v1::Open::LAST_OF_CHUNK}),
            count, 2),
        opened_(Open(count)),
        thread_([this] { flock_.Run([this] { return !stopping_; }); }) {}
  ~Pourers() {
    stopping_ = true;
    flock_.Cancel();
    thread_.join();
  }

 private:
  bool Open(int count) {
    flock_.Run(count);
    flock_.CheckWhole();
    return true;
  }

  SessionFlock flock_;
  const bool opened_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

void PrintWaits(int pourers, const std::vector<double>& us, const std::vector<double>& queue_us) {
  std::printf("%-14d %9zu", pourers, us.size());
  for (const auto* values : {&us, &queue_us}) {
    std::printf(" %9.1f %9.1f %9.1f ", Percentile(*values, 0.5), Percentile(*values, 0.99), Percentile(*values, 1));
  }
  std::printf("\n");
}

void MeasureBeside(const Daemon& daemon, int count) {
  Progress(std::to_string(count) + " sessions that pour");
  const auto pourers = count > 0 ? std::make_unique<Pourers>(daemon, count) : nullptr;
  NativeLink link(daemon.address());
  std::vector<double> us, queue_us;
  const auto end = Clock::now() + kTime;
  for (auto start = Clock::now(); start < end;) {
    link.RoundTrip();
    const auto now = Clock::now();
    us.push_back(std::chrono::duration<double, std::micro>(now - start).count());
    queue_us.push_back(static_cast<double>(link.outputs().queue_ns()) / 1e3);
    start = now;
  }
  PrintWaits(count, us, queue_us);
}

}  // namespace

bool MeasureFairness(const Options&) {
  const LargeModelRepository models;
  const Daemon daemon({"--model_repository=" + models.path()}, kCpu);
  const int other_cpu = std::thread::hardware_concurrency() > 1 ? kCpu + 1 : kCpu;
  PinTo(other_cpu);
  std::printf("\none-step client beside sessions that pour %d-step chunks of a 128-unit GRU; clients on CPU %d\n",
              kLongSteps, other_cpu);
  std::printf("%-14s %9s %29s  %29s\n", "", "", "round trip, us", "of it in the queue, us");
  std::printf("%-14s %9s %9s %9s %9s  %9s %9s %9s\n", "they pour", "messages", "p50", "p99", "max", "p50", "p99",
              "max");
  for (const int count : {0, 1, 50, 500}) MeasureBeside(daemon, count);
  PinTo(kCpu);
  return true;
}

}  // namespace recurd::bench
