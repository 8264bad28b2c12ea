// What a scrape costs the daemon, over HTTP and all: the CPU time of all its threads, it being idle otherwise.
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/cpu/alternate.h"
#include "tests/bench/metrics/copies.h"
#include "tests/bench/metrics/exposition.h"
#include "tests/bench/metrics/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

using Clock = std::chrono::steady_clock;

// A model has six histograms.
constexpr int kFewModels = 9, kManyModels = 50;
constexpr std::chrono::milliseconds kRest(2);  // the exporter's thread is done with the connection, too

struct ScrapeCost {
  std::vector<double> cpu_ms, wall_ms;
  size_t bytes = 0, lines = 0;
};

ScrapeCost CostOf(const Daemon& daemon, int scrapes) {
  ScrapeCost cost;
  for (int i = -3; i < scrapes; ++i) {  // three to warm up
    const long cpu_ns = daemon.CpuNs();
    const auto start = Clock::now();
    const std::string text = Scrape(daemon);
    const std::chrono::duration<double, std::milli> wall = Clock::now() - start;
    std::this_thread::sleep_for(kRest);
    if (i < 0) continue;
    cost.cpu_ms.push_back(static_cast<double>(daemon.CpuNs() - cpu_ns) / 1e6);
    cost.wall_ms.push_back(wall.count());
    cost.bytes = text.size();
    cost.lines = 0;
    for (const char c : text) cost.lines += c == '\n';
  }
  return cost;
}

double Measure(int models, int scrapes) {
  const CopiesRepository repository(models);
  const Daemon daemon({repository.flag()});
  repository.UseAll(daemon);
  const ScrapeCost cost = CostOf(daemon, scrapes);
  const double cpu_ms = Quantile(cost.cpu_ms, 0.5);
  std::printf("%6d %10d %8zu %9.1f %12.3f %9.3f %14.3f\n", models, 6 * models, cost.lines,
              static_cast<double>(cost.bytes) / 1024, cpu_ms, Quantile(cost.cpu_ms, 0), Quantile(cost.wall_ms, 0.5));
  return cpu_ms;
}

}  // namespace

bool MeasureScrape(const MetricsOptions& options) {
  std::printf("\na scrape over HTTP, median of %d\n%6s %10s %8s %9s %12s %9s %14s\n", options.pairs, "models",
              "histograms", "lines", "KiB", "cpu ms", "min", "wall ms");
  Measure(1, options.pairs);
  const double few_ms = Measure(kFewModels, options.pairs), many_ms = Measure(kManyModels, options.pairs);
  bool ok = BarAtMost("metrics_scrape_54_histograms_ms", few_ms, 2);
  ok &= BarAtMost("metrics_scrape_50_models_ms", many_ms, 2);
  return ok;
}

}  // namespace recurd::bench
