// What counting costs: a message, the daemon when it is scraped, and the streams beside that. Bars:
//   metrics_record_ns                 a message's recording, without its clock reads
//   metrics_record_100_over_1         the same, 100 steps a message / 1
//   metrics_scrape_54_histograms_ms   CPU time of a scrape with 9 models
//   metrics_scrape_50_models_ms       with 50 models, 300 histograms
//   metrics_scraped_p50, _p99         round trips of a stream, scraped once a second / not
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <string>

#include "tests/bench/cpu/machine.h"
#include "tests/bench/metrics/part.h"

namespace recurd::bench {
namespace {

constexpr struct {
  const char* name;
  bool (*measure)(const MetricsOptions&);
} kParts[] = {{"record", MeasureRecording}, {"scrape", MeasureScrape}, {"stream", MeasureScrapedStream}};

constexpr char kUsage[] =
    "usage: metrics_bench [--pairs=N] [--only=PART]\n"
    "  --pairs=N     alternated pairs of blocks of each comparison, and scrapes, 1 to 10000 (default 61)\n"
    "  --only=PART   record: what a message records; scrape: CPU time of a scrape; stream: round trips beside scrapes\n"
    "Prints \"bar NAME VALUE LIMIT ok|short\" for each bar and exits 1 if one is short.\n";

bool IsPart(const std::string& name) {
  return std::any_of(std::begin(kParts), std::end(kParts), [&](const auto& part) { return part.name == name; });
}

int Run(const MetricsOptions& options, const std::string& only) {
  std::fputs(DescribeMachine().c_str(), stdout);
  bool ok = true;
  for (const auto& part : kParts) {
    if (only.empty() || only == part.name) ok &= part.measure(options);
    std::fflush(stdout);
  }
  return ok ? 0 : 1;
}

int Main(int argc, char** argv) {
  MetricsOptions options;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--help") return std::fputs(kUsage, stdout), 0;
    if (flag.rfind("--pairs=", 0) == 0) {
      options.pairs = std::atoi(argv[i] + std::strlen("--pairs="));
    } else if (flag.rfind("--only=", 0) == 0 && IsPart(flag.substr(std::strlen("--only=")))) {
      only = flag.substr(std::strlen("--only="));
    } else {
      std::fprintf(stderr, "metrics_bench: unknown flag or part '%s'\n", argv[i]);
      return std::fputs(kUsage, stderr), 2;
    }
  }
  if (options.pairs < 1 || options.pairs > 10'000) return std::fputs(kUsage, stderr), 2;
  try {
    return Run(options, only);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "metrics_bench: %s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace recurd::bench

int main(int argc, char** argv) { return recurd::bench::Main(argc, argv); }
