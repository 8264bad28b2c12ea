// What a message's recording costs beside its clock reads, and that it costs a message, not a step.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/exporter/exporter.h"
#include "tests/bench/cpu/alternate.h"
#include "tests/bench/metrics/exposition.h"
#include "tests/bench/metrics/part.h"
#include "tests/bench/metrics/recorder.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

constexpr int kChecked = 500;
constexpr char kModel[] = "digits";

// Around a microsecond a stage, a factor of two either way: what one stream sees.
std::vector<MessageTimes> DrawTimes() {
  std::mt19937 random(1);
  std::lognormal_distribution<double> ns(std::log(1000), std::log(2));
  std::vector<MessageTimes> all(4096);
  for (MessageTimes& times : all) {
    times.chunk_ns = 0;
    for (int64_t& stage : times.stage_ns) times.chunk_ns += stage = static_cast<int64_t>(ns(random));
  }
  return all;
}

// A run is all the messages once; without a recorder, what it takes to have their times.
class Messages final : public Runner {
 public:
  Messages(const std::vector<MessageTimes>& times, Recorder* recorder, int steps)
      : times_(times), recorder_(recorder), steps_(steps) {}
  void Run(int count) override {
    for (int i = 0; i < count; ++i) {
      for (const MessageTimes& times : times_) {
        asm volatile("" : : "m"(times), "m"(steps_) : "memory");
        if (recorder_ != nullptr) recorder_->Record(times, steps_);
      }
    }
  }
  const float* Outputs() override { return nullptr; }

 private:
  const std::vector<MessageTimes>& times_;
  Recorder* const recorder_;
  int steps_;
};

using Counters = std::map<std::string, double>;

// The daemon's counters once they stand still: it counts an answer when it has handed it on.
Counters Settled(const Daemon& daemon) {
  for (Counters last;;) {
    Counters now = CountersOf(Scrape(daemon));
    if (now == last) return now;
    last = std::move(now);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
}

Counters MovedByDaemon(int steps) {
  const Daemon daemon;
  NativeLink link(daemon.address(), steps);
  link.RoundTrip();
  const Counters before = Settled(daemon);
  for (int i = 0; i < kChecked; ++i) link.RoundTrip();
  return Risen(before, Settled(daemon));
}

Counters MovedByRecorder(int steps, const std::vector<MessageTimes>& times) {
  Metrics metrics;
  Recorder recorder(metrics, kModel);
  const auto exporter = Exporter::Start("off", metrics, {});
  if (!exporter.ok()) throw std::runtime_error(std::string(exporter.status().message()));
  const Counters before = CountersOf((*exporter)->Text());
  for (int i = 0; i < kChecked; ++i) recorder.Record(times[static_cast<size_t>(i)], steps);
  return Risen(before, CountersOf((*exporter)->Text()));
}

// Whether `recurd_pipeline_busy_seconds_total` and the like: a sum of times, which differ.
bool IsTime(const std::string& series) { return series.find("_seconds_total") != std::string::npos; }

// Prints what a message of `steps` steps moved in a daemon. Throws if the recorder moves anything else.
void CheckAgainstDaemon(int steps, const std::vector<MessageTimes>& times) {
  const Counters daemon = MovedByDaemon(steps), recorder = MovedByRecorder(steps, times);
  std::printf("\nby a message of %d steps, as a daemon's scrapes say:\n", steps);
  for (const auto& [series, by] : daemon) {
    std::printf("  %-75s %+.9g\n", series.c_str(), by / kChecked);
    const auto mine = recorder.find(series);
    if (mine == recorder.end() || (!IsTime(series) && mine->second != by)) {
      throw std::runtime_error("recorder.h is out of date: a daemon moves " + series + ", it doesn't");
    }
  }
  if (daemon.size() != recorder.size()) throw std::runtime_error("recorder.h moves more than a daemon does");
}

}  // namespace

bool MeasureRecording(const MetricsOptions& options) {
  const std::vector<MessageTimes> times = DrawTimes();
  for (const int steps : {1, 100}) CheckAgainstDaemon(steps, times);
  Metrics metrics;
  Recorder recorder(metrics, kModel);
  Messages silent(times, nullptr, 1), one(times, &recorder, 1), hundred(times, &recorder, 100);
  const BlockOptions blocks{.pairs = options.pairs};
  const auto messages = static_cast<int>(times.size());
  double ns[2];
  std::printf("\n%-28s %12s %12s\n", "a message's recording, ns", "median", "min");
  for (const int i : {0, 1}) {
    const Timed timed = Alternate(silent, messages, i == 0 ? one : hundred, messages, blocks);
    std::vector<double> cost;
    for (size_t p = 0; p < timed.ours.size(); ++p) cost.push_back(timed.theirs[p] - timed.ours[p]);
    ns[i] = Quantile(cost, 0.5);
    std::printf("%-28s %12.1f %12.1f\n", i == 0 ? "1 step" : "100 steps", ns[i], Quantile(cost, 0));
  }
  bool ok = BarAtMost("metrics_record_ns", ns[0], 50);
  ok &= BarAtMost("metrics_record_100_over_1", Alternate(one, messages, hundred, messages, blocks).Ratio(), 1.1);
  return ok;
}

}  // namespace recurd::bench
