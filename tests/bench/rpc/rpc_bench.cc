// What the daemon adds to gRPC itself, what it keeps of its speed under load, and what a session costs. Everything runs
// on one CPU unless a table says otherwise; figures are medians over alternated blocks. Bars:
//   rpc_p50_ratio     p50 of a one-step round trip, daemon / bare one-queue echo
//   rpc_cpu_1,8,64    server CPU time a message, daemon / echo, with so many streams
//   rpc_switches      voluntary context switches of the daemon a message, one stream
//   rpc_steps_100     steps/s at 100 steps a message / at one; at least
//   rpc_idle_10000    p50 beside 10,000 idle sessions / beside none
//   rpc_idle_10000_over_echo   the same / that of the bare echo beside 10,000 idle streams
//   rpc_detached_10000         the same beside 10,000 sessions that nobody is attached to
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/part.h"

namespace recurd::bench {
namespace {

constexpr struct {
  const char* name;
  const char* help;
  bool (*measure)(const Options&);
} kParts[] = {
    {"one", "one stream, one step a message: p50, CPU, context switches beside the bare echo", MeasureOneStream},
    {"many", "8 and 64 streams: CPU a message beside the bare echo", MeasureManyStreams},
    {"chunks", "1 and 100 steps a message", MeasureChunks},
    {"idle", "one stream beside 10,000 idle sessions", MeasureIdleSessions},
    {"kserve", "KServe's protocol beside the native API", MeasureKserve},
    {"fairness", "a one-step client beside 1 to 500 that pour long chunks", MeasureFairness},
    {"memory", "bytes a session, attached and detached", MeasureMemory},
};

void PrintUsage(std::FILE* file) {
  std::fputs(
      "usage: rpc_bench [--pairs=N] [--only=PART]...\n"
      "  --pairs=N     alternated pairs of blocks of each comparison, 1 to 1000 (default 21)\n"
      "  --only=PART   this part; may be given again (default: all)\n"
      "Prints \"bar NAME VALUE LIMIT ok|short\" for each bar and exits 1 if one is short. Parts:\n",
      file);
  for (const auto& part : kParts) std::fprintf(file, "  %-10s %s\n", part.name, part.help);
}

bool IsPart(const std::string& name) {
  return std::any_of(std::begin(kParts), std::end(kParts), [&](const auto& part) { return name == part.name; });
}

int Run(const Options& options, const std::vector<std::string>& chosen) {
  PinTo(kCpu);
  bool ok = true;
  for (const auto& part : kParts) {
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), part.name) == chosen.end()) continue;
    ok &= part.measure(options);
    std::fflush(stdout);
  }
  std::fputc('\n', stderr);
  return ok ? 0 : 1;
}

int Main(int argc, char** argv) {
  Options options;
  std::vector<std::string> chosen;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--help") return PrintUsage(stdout), 0;
    if (flag.rfind("--pairs=", 0) == 0) {
      options.pairs = std::atoi(argv[i] + std::strlen("--pairs="));
    } else if (flag.rfind("--only=", 0) == 0 && IsPart(flag.substr(std::strlen("--only=")))) {
      chosen.push_back(flag.substr(std::strlen("--only=")));
    } else {
      std::fprintf(stderr, "rpc_bench: unknown flag or part '%s'\n", argv[i]);
      return PrintUsage(stderr), 2;
    }
  }
  if (options.pairs < 1 || options.pairs > 1000) return PrintUsage(stderr), 2;
  try {
    return Run(options, chosen);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rpc_bench: %s\n", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace recurd::bench

int main(int argc, char** argv) { return recurd::bench::Main(argc, argv); }
