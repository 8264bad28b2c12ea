// What one scrape a second does to the round trips of a stream. The daemon and its client share a CPU, the scraper has
// the last one, so that what is seen is the daemon's own work.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/bench/metrics/copies.h"
#include "tests/bench/metrics/exposition.h"
#include "tests/bench/metrics/part.h"
#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

constexpr int kCpu = 0, kModels = 9;
constexpr std::chrono::milliseconds kBlock(1000), kFirst(300);

// Wakes 0.3 s after it is made, then each second, until it goes, and scrapes if it is to.
class Scraper {
 public:
  Scraper(const Daemon& daemon, bool scrapes) : daemon_(daemon), scrapes_(scrapes), thread_([this] { Run(); }) {}
  ~Scraper() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    stopped_.notify_one();
    thread_.join();
  }
  Scraper(const Scraper&) = delete;

 private:
  void Run() {
    PinTo(std::max(1, static_cast<int>(std::thread::hardware_concurrency())) - 1);
    auto next = std::chrono::steady_clock::now() + kFirst;
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_until(lock, next, [this] { return stop_; })) {
      if (scrapes_) Scrape(daemon_);
      next += kBlock;
    }
  }

  const Daemon& daemon_;
  const bool scrapes_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

// So many round trips take a second.
int MessagesASecond(const Daemon& daemon, NativeLink& link) {
  const Block block = Measure(daemon, 3000, [&] { link.RoundTrip(); });
  return std::max(1000, static_cast<int>(block.per_second));
}

Pairs Compare(int count, const CopiesRepository& repository) {
  const Daemon daemon({repository.flag()}, kCpu);
  repository.UseAll(daemon);
  NativeLink link(daemon.address());
  const int messages = MessagesASecond(daemon, link);
  const auto block = [&](bool scrapes) {
    const Scraper scraper(daemon, scrapes);
    return Measure(daemon, messages, [&] { link.RoundTrip(); });
  };
  return Alternate(
      count, [&] { return block(false); }, [&] { return block(true); });
}

}  // namespace

bool MeasureScrapedStream(const MetricsOptions& options) {
  PinTo(kCpu);
  const CopiesRepository repository(kModels);
  const Pairs pairs = Compare(options.pairs, repository);
  PrintRoundTripHead("one stream, one step a message, blocks of a second; " + std::to_string(6 * kModels) +
                     " histograms");
  PrintRoundTrips("not scraped", pairs.floor);
  PrintRoundTrips("scraped once a second", pairs.ours);
  PrintRatio("p50 ratio", pairs, &Block::p50_us);
  PrintRatio("p99 ratio", pairs, &Block::p99_us);
  bool ok = BarAtMost("metrics_scraped_p50", pairs.Ratio(&Block::p50_us), 1.02);
  ok &= BarAtMost("metrics_scraped_p99", pairs.Ratio(&Block::p99_us), 1.05);
  return ok;
}

}  // namespace recurd::bench
