// The paper's Table 1 and the step period over hidden and input size, both mappings, in the emulator: modelled times.
// The lanes mapping beside them. And what an emulated step costs here: measured.
//   --svg FILE   writes the picture of the periods
//   bar emulated_step_ms                CPU time of a step of the 289-tile hybrid, H=32, I=8, best of five
//   bar table1_tiles                    tile counts that differ from the paper's
//   bar pl_kernel_cycles                depths and intervals that differ from the paper's
//   bar aggregator_ns                   largest difference to the paper's, fitted
//   bar closed_form_pl_cycles           largest difference of the closed form to the emulator, of all mappings
//   bar lanes_before, lanes_after       lanes' period (lut, H=32, I<=64) in hybrid's with the reset before the matrix
//   bar lanes_tiles                     its tiles
//   bar lanes_128_ns                    its period at H=128, reset after the matrix
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "hw/emu/commands.h"
#include "tests/bench/paper/comparison.h"
#include "tests/bench/paper/periods.h"
#include "tests/bench/paper/table1.h"

namespace recurd::bench {
namespace {

constexpr char kUsage[] =
    "usage: paper_bench [--svg FILE]\n  --svg FILE   writes the picture of the step periods to FILE\n";

double ThreadCpuMs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

// CPU time of a settled step, the best of five runs.
absl::StatusOr<double> EmulatedStepMs(const Emulated& layer) {
  constexpr int kInput = 8, kSteps = 500;
  auto system = layer.make(hw::kMappingHybrid, kInput, hw::Timing());
  if (!system.ok()) return system.status();
  const std::vector<float> x(kSteps * kInput, 0.5f);
  size_t words = 0;
  double best = 0;
  for (uint32_t run = 0; run < 6; ++run) {  // the first warms up
    emu::CommandWriter writer;
    writer.Run(0, 0, run, x.data(), kSteps, kInput);
    (*system)->Give(writer.Take());
    words += hw::kBeatWords + kSteps * hw::PaddedWords(layer.hidden_size);
    const double start = ThreadCpuMs();
    if (absl::Status status = (*system)->RunUntil(words); !status.ok()) return status;
    const double ms = (ThreadCpuMs() - start) / kSteps;
    if (run == 1 || (run > 1 && ms < best)) best = ms;
  }
  return best;
}

bool Bar(const char* name, double value, double limit) {
  const bool ok = value <= limit;
  std::printf("bar %s %.3f %.2f %s\n", name, value, limit, ok ? "ok" : "short");
  return ok;
}

absl::StatusOr<bool> Run(const std::string& svg_path) {
  const std::vector<Emulated> layers = AllEmulated();
  const hw::Timing timing;
  std::vector<Table1Row> table;
  for (const Emulated& layer : layers) {
    auto row = CountTable1(layer, timing);
    if (!row.ok()) return row.status();
    table.push_back(*row);
  }
  PrintTable1(table);
  const auto periods = RunPeriods(layers, timing);
  if (!periods.ok()) return periods.status();
  PrintPeriods(*periods);
  const auto comparison = CompareMappings(layers, timing);
  if (!comparison.ok()) return comparison.status();
  PrintComparison(*comparison);
  PrintParts(hw::kMappingHybrid, 32, timing);
  PrintParts(hw::kMappingAie, 32, timing);
  PrintLanesParts(timing);
  if (!svg_path.empty()) {
    std::ofstream file(svg_path);
    Chart chart = PeriodsChart(*periods, timing);
    chart.groups.push_back(LanesSeries(*comparison, timing));
    file << RenderSvg(chart);
    if (!file.flush()) return absl::InvalidArgumentError("cannot write " + svg_path);
  }
  const auto step_ms = EmulatedStepMs(layers.back());
  if (!step_ms.ok()) return step_ms.status();
  std::printf(
      "\nAn emulated step of the hybrid's 289 tiles (H=32, I=8) takes %.3f ms of CPU time: measured, best of 5.\n",
      *step_ms);
  const Table1Deviation deviation = CompareTable1(table);
  bool ok = Bar("emulated_step_ms", *step_ms, 0.2);
  ok &= Bar("table1_tiles", deviation.tiles, 0);
  ok &= Bar("pl_kernel_cycles", deviation.pl_kernel, 0);
  ok &= Bar("aggregator_ns", deviation.aggregator_ns, 1);
  ok &= Bar("closed_form_pl_cycles", std::max(LargestDeviation(*periods), LargestDeviation(*comparison)), 2);
  const LanesFigures lanes = LanesFiguresOf(*comparison);
  ok &= Bar("lanes_before", lanes.before, 0.48);
  ok &= Bar("lanes_after", lanes.after, 0.35);
  ok &= Bar("lanes_tiles", lanes.tiles, 24);
  ok &= Bar("lanes_128_ns", lanes.ns_128, 400);
  return ok;
}

}  // namespace
}  // namespace recurd::bench

int main(int argc, char** argv) {
  std::string svg_path;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--svg") == 0 && i + 1 < argc) {
      svg_path = argv[++i];
    } else {
      std::fputs(recurd::bench::kUsage, std::strcmp(argv[i], "--help") == 0 ? stdout : stderr);
      return std::strcmp(argv[i], "--help") == 0 ? 0 : 2;
    }
  }
  const auto ok = recurd::bench::Run(svg_path);
  if (!ok.ok()) std::fprintf(stderr, "paper_bench: %s\n", std::string(ok.status().message()).c_str());
  return ok.ok() && *ok ? 0 : 1;
}
