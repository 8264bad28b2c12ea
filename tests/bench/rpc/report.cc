#include "tests/bench/rpc/report.h"

#include <cstdio>

namespace recurd::bench {
namespace {

bool Bar(const char* name, double value, double limit, bool ok) {
  std::printf("bar %s %.3f %.2f %s\n", name, value, limit, ok ? "ok" : "short");
  std::fflush(stdout);
  return ok;
}

}  // namespace

void Progress(const std::string& what) { std::fprintf(stderr, "\nrpc_bench: %s ", what.c_str()); }

bool BarAtMost(const char* name, double value, double limit) { return Bar(name, value, limit, value <= limit); }
bool BarAtLeast(const char* name, double value, double limit) { return Bar(name, value, limit, value >= limit); }

void PrintRoundTripHead(const std::string& title) {
  std::printf("\n%s\n%-30s %9s %9s %13s %11s\n", title.c_str(), "", "p50 us", "p99 us", "switches/msg", "cpu us/msg");
}

void PrintRoundTrips(const char* name, const std::vector<Block>& blocks) {
  std::printf("%-30s %9.1f %9.1f %13.2f %11.1f\n", name, Median(blocks, &Block::p50_us), Median(blocks, &Block::p99_us),
              Median(blocks, &Block::switches), Median(blocks, &Block::cpu_us));
}

void PrintRatio(const char* name, const Pairs& pairs, double Block::*member) {
  std::printf("%s: median %.3f, quartiles %.3f to %.3f\n", name, pairs.Ratio(member), pairs.Ratio(member, 0.25),
              pairs.Ratio(member, 0.75));
}

}  // namespace recurd::bench
