#include "tests/bench/cpu/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "tests/bench/cpu/machine.h"

namespace recurd::bench {
namespace {

constexpr const char* kColours[] = {"#2a78b8", "#d1772b", "#5a9e4b"};

std::string Pair(Size size) { return "(" + std::to_string(size.input) + "," + std::to_string(size.hidden) + ")"; }

void PrintTimes(const Result& result, const std::string& name, const std::vector<double>& ns) {
  std::printf("%-10s %-14s %10.1f %10.1f", Pair(result.size).c_str(), name.c_str(), Quantile(ns, 0.5), Quantile(ns, 0));
}

void PrintContest(const Result& result, const Contest& contest) {
  const Timed& timed = contest.timed;
  PrintTimes(result, contest.name, timed.theirs);
  std::printf(" %9.3f %8.3f to %-8.3f", timed.Ratio(), timed.Ratio(0.25), timed.Ratio(0.75));
  if (contest.name == kStream) {
    std::printf("  %.0f bytes, %.1f GB/s", result.weight_bytes, result.weight_bytes / Quantile(timed.theirs, 0.5));
  } else if (contest.name != kFloor) {
    std::printf("  %.1e", contest.error);
  }
  std::printf("\n");
}

BarGroup GroupOf(const Result& result, const std::vector<NamedPeer>& peers) {
  BarGroup group{.label = Pair(result.size)};
  for (const NamedPeer& peer : peers) {
    const Contest* contest = result.Find(peer.name);
    group.values.push_back(contest ? contest->timed.Ratio() : std::nan(""));
  }
  return group;
}

}  // namespace

const char* TitleOf(LayerCell cell) {
  switch (cell) {
    case LayerCell::kGruResetAfter:
      return "GRU, reset after the matrix";
    case LayerCell::kGruResetBefore:
      return "GRU, reset before the matrix";
    case LayerCell::kLstm:
      break;
  }
  return "LSTM";
}

void PrintHead(LayerCell cell, int steps) {
  std::printf("\n%s, T=%d: ns a step, and times ours fp32\n%-10s %-14s %10s %10s %9s %20s  %s\n", TitleOf(cell), steps,
              "(I,H)", "", "median", "min", "x ours", "quartiles", "max error");
}

void PrintResult(const Result& result) {
  PrintTimes(result, "ours fp32", result.ours);
  std::printf(" %9s %20s  %.1e\n", "", "", result.error);
  for (const Contest& contest : result.with) PrintContest(result, contest);
  std::fflush(stdout);
}

BarChart ChartOf(const std::vector<Result>& results, const std::vector<NamedPeer>& peers) {
  BarChart chart{.title = "One step of a GRU on one thread: others' time, ours being 1", .y_name = "times ours"};
  for (size_t i = 0; i < peers.size(); ++i) {
    const std::string name = peers[i].peer ? peers[i].peer->Version() : peers[i].title + " (absent)";
    chart.series.push_back({name, kColours[i]});
  }
  for (const int steps : {1, 100}) {
    BarPanel panel{.title = steps == 1 ? "a step a call" : std::to_string(steps) + " steps a call"};
    for (const Result& result : results) {
      if (result.cell == LayerCell::kGruResetAfter && result.steps == steps) {
        panel.groups.push_back(GroupOf(result, peers));
      }
    }
    chart.panels.push_back(panel);
  }
  std::string machine = DescribeMachine();
  for (size_t at = 0, end; (end = machine.find('\n', at)) != std::string::npos; at = end + 1) {
    chart.caption.push_back(machine.substr(at, end - at));
  }
  return chart;
}

}  // namespace recurd::bench
