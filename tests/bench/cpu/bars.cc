// The bars, all of the GRU that resets after the matrix: our time / theirs, medians of paired blocks. They were set on
// an Intel Sapphire Rapids or Emerald Rapids core (family 6, model 207) with AVX-512.
//   cpu_t1_PEER_H      one step a call, beside a peer
//   cpu_t1_hand_H      beside oneDNN in this run: 15 % below what a hand-written AVX-512 step once reached against it
//   cpu_t1_stream_H    beside reading the weights once
//   cpu_t100_own_H     100 steps a call, beside one step a call
//   cpu_t100_peers_H   beside the better of oneDNN and ONNX Runtime
//   cpu_int8_H         weights stored as bytes beside float32
#include "tests/bench/cpu/bars.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

namespace recurd::bench {
namespace {

constexpr int kHidden[] = {20, 32, 64, 128, 256};
constexpr int kSizes = 5;

// By size; 0: no bar.
struct BarRow {
  const char* name;
  int steps;
  double limits[kSizes];
  const char* others[2];  // of two, the better one counts
  bool inverse = false;   // the other's time / ours
};
constexpr BarRow kBars[] = {
    {"t1_onednn", 1, {1 / 18., 1 / 11., 1 / 3., 1 / 1.9, 1 / 1.5}, {"onednn"}},
    {"t1_onnxruntime", 1, {1 / 45., 1 / 30., 1 / 6.5, 1 / 3., 1 / 2.1}, {"onnxruntime"}},
    {"t1_pytorch", 1, {1 / 100., 1 / 80., 1 / 22., 1 / 14., 1 / 10.}, {"pytorch"}},
    {"t1_hand", 1, {0.85 / 22.33, 0.85 / 11.74}, {"onednn"}},
    {"t1_stream", 1, {0, 0, 1.15, 1.15, 1.15}, {kStream}},
    {"t100_own", 100, {0, 0, 0.65, 0.65, 0.65}, {kOneStepRuns}},
    {"t100_peers", 100, {0.25, 0.28, 0.45, 0.65, 0.72}, {"onednn", "onnxruntime"}},
    {"int8", 1, {0, 0, 0, 0.33, 0.28}, {kInt8}, true},
};

const Result* Find(const std::vector<Result>& results, int steps, int hidden) {
  for (const Result& result : results) {
    const bool same = result.steps == steps && result.size.hidden == hidden;
    if (same && result.cell == LayerCell::kGruResetAfter) return &result;
  }
  return nullptr;
}

// Nothing if one of the others is absent: who is the better one then isn't known.
std::optional<double> ValueOf(const BarRow& bar, const Result& result) {
  double value = 0;
  for (const char* other : bar.others) {
    if (other == nullptr) continue;
    const Contest* contest = result.Find(other);
    if (contest == nullptr) return std::nullopt;
    const double ratio = contest->timed.Ratio();
    value = std::max(value, bar.inverse ? ratio : 1 / ratio);
  }
  return value;
}

std::string NameOf(const BarRow& bar, int hidden) {
  return std::string("cpu_") + bar.name + "_" + std::to_string(hidden);
}

// The bar's value if we took just the floor's time.
void PrintFloor(const BarRow& bar, int hidden, double limit, const Result& result) {
  const Contest* floor = result.Find(kFloor);
  const std::optional<double> value = ValueOf(bar, result);
  if (floor == nullptr || !value || bar.inverse) return;
  const double least = *value * floor->timed.Ratio();
  std::printf("%-26s %8.4f %8.4f %8.4f  %s\n", NameOf(bar, hidden).c_str(), *value, least, limit,
              least > limit ? "limit below the floor" : "");
}

bool Print(const BarRow& bar, int hidden, double limit, const Result& result) {
  const std::string name = NameOf(bar, hidden);
  const std::optional<double> value = ValueOf(bar, result);
  if (!value) {
    std::printf("bar %s - %.4f skipped\n", name.c_str(), limit);
    return true;
  }
  const bool ok = *value <= limit;
  std::printf("bar %s %.4f %.4f %s\n", name.c_str(), *value, limit, ok ? "ok" : "short");
  return ok;
}

// print(bar, hidden, limit, result) for each bar.
template <class Function>
void ForEachBar(const std::vector<Result>& results, Function print) {
  for (const BarRow& bar : kBars) {
    for (int i = 0; i < kSizes; ++i) {
      const Result* result = Find(results, bar.steps, kHidden[i]);
      if (result != nullptr && bar.limits[i] > 0) print(bar, kHidden[i], bar.limits[i], *result);
    }
  }
}

}  // namespace

bool PrintBars(const std::vector<Result>& results) {
  std::printf(
      "\nWhat bars would be if our step took no longer than its floor, the row above: while the weights fit the\n"
      "first-level cache, the longest chain of operations that wait for each other; beyond, reading the weights once "
      "a\n"
      "step, to and fro; at T=100 reading the recurrent ones so, after (not during) the input part's multiply-adds.\n"
      "%-26s %8s %8s %8s\n",
      "", "value", "floor", "limit");
  ForEachBar(results, PrintFloor);
  bool ok = true;
  ForEachBar(results, [&ok](const BarRow& bar, int hidden, double limit, const Result& result) {
    ok &= Print(bar, hidden, limit, result);
  });
  return ok;
}

}  // namespace recurd::bench
