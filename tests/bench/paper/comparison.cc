#include "tests/bench/paper/comparison.h"

#include <algorithm>
#include <cstdio>

#include "hw/emu/step_times.h"
#include "tests/bench/paper/emulated_lanes.h"
#include "tests/bench/paper/periods.h"
#include "tests/bench/paper/table1.h"

namespace recurd::bench {
namespace {

constexpr int kSteps = 40, kHidden = 32, kSmallInputs = 64;
constexpr int kComparedInputs[] = {8, 64, 256};

hw::LaneCell CellOf(hw::Reset reset) {
  return reset == hw::Reset::kBefore ? hw::LaneCell::kGruBefore : hw::LaneCell::kGruAfter;
}

const char* NameOf(hw::Reset reset) { return reset == hw::Reset::kBefore ? "before" : "after"; }

// Fills in what runs.
absl::Status Emulate(const emu::MakeGruSystem& make, const hw::ClosedForm& form, const hw::Timing& timing,
                     Compared* row) {
  const auto times = emu::RunStepTimes(make, timing, row->hidden_size, row->input_size, kSteps);
  if (!times.ok()) return times.status();
  const auto system = make(timing);
  if (!system.ok()) return system.status();
  row->tiles = CountTiles(**system);
  row->steady_ns = times->steady * hw::kNsPerCycle;
  row->first_ns = static_cast<double>(times->first) * hw::kNsPerCycle;
  row->deviation = Deviation(form, *times, timing);
  return absl::OkStatus();
}

// 0 without a hybrid of these sizes.
double HybridNs(const std::vector<Compared>& rows, const Compared& like) {
  for (const Compared& row : rows) {
    if (row.mapping == hw::kMappingHybrid && row.hidden_size == like.hidden_size && row.input_size == like.input_size) {
      return row.steady_ns;
    }
  }
  return 0;
}

bool IsLut(const Compared& row, int hidden_size) {
  return row.mapping == hw::kMappingLanes && row.hidden_size == hidden_size;
}

Series LanesLine(const std::vector<Compared>& rows, hw::Reset reset, const char* colour, const hw::Timing& timing) {
  Series series{"", colour, false, {}, {}};
  hw::LaneShape shape{kHidden, hw::kLanes, CellOf(reset), hw::LaneNumerics::kLut};
  for (; hw::LanesLimit({shape}).empty(); shape.input_size += hw::kLanes) {
    series.line.push_back({static_cast<double>(shape.input_size),
                           static_cast<double>(hw::LanesForm({shape}, timing).steady) * hw::kNsPerCycle});
  }
  char label[64];
  std::snprintf(label, sizeof(label), "reset %s: from %.0f ns", NameOf(reset), series.line.front().y);
  series.label = label;
  for (const Compared& row : rows) {
    if (!IsLut(row, kHidden) || row.reset != reset) continue;
    series.markers.push_back({static_cast<double>(row.input_size), row.steady_ns});
  }
  return series;
}

}  // namespace

absl::StatusOr<std::vector<Compared>> CompareMappings(const std::vector<Emulated>& layers, const hw::Timing& timing) {
  const auto layer =
      std::find_if(layers.begin(), layers.end(), [](const Emulated& each) { return each.hidden_size == kHidden; });
  std::vector<Compared> rows;
  for (const hw::Mapping mapping : {hw::kMappingHybrid, hw::kMappingAie, hw::kMappingCascade}) {
    for (const int input_size : kComparedInputs) {
      rows.push_back({mapping, hw::Reset::kBefore, kHidden, input_size});
      const auto make = [&](const hw::Timing& t) { return layer->make(mapping, input_size, t); };
      const hw::ClosedForm form = hw::ComputeClosedForm({mapping, kHidden, input_size, hw::Reset::kBefore}, timing);
      if (absl::Status status = Emulate(make, form, timing, &rows.back()); !status.ok()) return status;
    }
  }
  for (const EmulatedLanes& lanes : AllEmulatedLanes()) {
    const hw::LaneShape& shape = lanes.shape;
    const bool before = shape.cell == hw::LaneCell::kGruBefore, lut = shape.numerics == hw::LaneNumerics::kLut;
    rows.push_back({lut ? hw::kMappingLanes : hw::kMappingLanesExact, before ? hw::Reset::kBefore : hw::Reset::kAfter,
                    shape.hidden_size, shape.input_size});
    absl::Status status = Emulate(lanes.make, hw::LanesForm({shape}, timing), timing, &rows.back());
    if (!status.ok()) return status;
  }
  for (Compared& row : rows) {
    const double hybrid = HybridNs(rows, row);
    if (hybrid > 0) row.of_hybrid = row.steady_ns / hybrid;
  }
  return rows;
}

void PrintComparison(const std::vector<Compared>& rows) {
  std::printf("\nThe lanes mapping beside the paper's: modelled, emulated\n");
  std::printf("%-11s %-6s %4s %4s | %5s %9s %12s %10s | deviation, PL cycles\n", "mapping", "reset", "H", "I", "tiles",
              "period ns", "lone step ns", "of hybrid");
  for (const Compared& row : rows) {
    std::printf("%-11s %-6s %4d %4d | %5d %9.1f %12.1f ", NameOf(row.mapping), NameOf(row.reset), row.hidden_size,
                row.input_size, row.tiles, row.steady_ns, row.first_ns);
    row.of_hybrid > 0 ? std::printf("%10.3f", row.of_hybrid) : std::printf("%10s", "-");
    std::printf(" | %.2f\n", row.deviation);
  }
  std::printf(
      "A lone step is counted from the hand-over of its RUN to an idle array until its last word is in the PL.\n");
  std::printf("of hybrid: its period in that of hybrid, reset before the matrix, at the same sizes.\n");
}

void PrintLanesParts(const hw::Timing& timing) {
  PrintParts("lanes, reset after the matrix,", kHidden,
             hw::LanesForm({{kHidden, hw::kLanes, hw::LaneCell::kGruAfter, hw::LaneNumerics::kLut}}, timing));
}

LanesFigures LanesFiguresOf(const std::vector<Compared>& rows) {
  LanesFigures figures;
  for (const Compared& row : rows) {
    if (IsLut(row, 128)) figures.ns_128 = std::max(figures.ns_128, row.steady_ns);
    if (!IsLut(row, kHidden) || row.input_size > kSmallInputs) continue;
    double& ratio = row.reset == hw::Reset::kBefore ? figures.before : figures.after;
    ratio = std::max(ratio, row.of_hybrid);
    figures.tiles = std::max(figures.tiles, row.tiles);
  }
  return figures;
}

double LargestDeviation(const std::vector<Compared>& rows) {
  double largest = 0;
  for (const Compared& row : rows) largest = std::max(largest, row.deviation);
  return largest;
}

SeriesGroup LanesSeries(const std::vector<Compared>& rows, const hw::Timing& timing) {
  return {
      "lanes, H = 32 (12 to 36 tiles)",
      {LanesLine(rows, hw::Reset::kBefore, "#1d7a4f", timing), LanesLine(rows, hw::Reset::kAfter, "#5cb88a", timing)}};
}

}  // namespace recurd::bench
