#include "tests/bench/paper/periods.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
namespace recurd::bench {
namespace {

constexpr int kSteps = 40;
constexpr int kCascadeInputs = 256;  // a chain takes one row of the array: 512 do not fit

hw::Shape ShapeOf(hw::Mapping mapping, int hidden_size, int input_size) {
  return {mapping, hidden_size, input_size, hw::Reset::kBefore};
}

int LastFlat(hw::Shape shape, const hw::Timing& timing) {
  for (;; shape.input_size += hw::kLanes) {
    const hw::ClosedForm form = hw::ComputeClosedForm(shape, timing);
    if (form.inputs > form.recurrent) return shape.input_size - hw::kLanes;
  }
}

absl::StatusOr<PeriodLine> RunLine(const Emulated& layer, hw::Mapping mapping, const hw::Timing& timing) {
  PeriodLine line{mapping, layer.hidden_size, {}};
  for (const int input_size : kInputSizes) {
    if (mapping == hw::kMappingCascade && input_size > kCascadeInputs) break;
    const auto make = [&](const hw::Timing& t) { return layer.make(mapping, input_size, t); };
    const auto times = emu::RunStepTimes(make, timing, layer.hidden_size, input_size, kSteps);
    if (!times.ok()) return times.status();
    line.ns.push_back(times->steady * hw::kNsPerCycle);
    const hw::ClosedForm form = hw::ComputeClosedForm(ShapeOf(mapping, layer.hidden_size, input_size), timing);
    line.plateau_ns = static_cast<double>(form.recurrent) * hw::kNsPerCycle;
    line.deviation = std::max(line.deviation, Deviation(form, *times, timing));
  }
  line.last_flat = LastFlat(ShapeOf(mapping, layer.hidden_size, hw::kLanes), timing);
  return line;
}

void PrintLine(const PeriodLine& line) {
  std::printf("%-7s %3d |", NameOf(line.mapping), line.hidden_size);
  for (const double ns : line.ns) std::printf(" %8.1f", ns);
  for (size_t i = line.ns.size(); i < std::size(kInputSizes); ++i) std::printf(" %8s", "-");
  std::printf(" | %7.1f to I=%-5d | %.2f\n", line.plateau_ns, line.last_flat, line.deviation);
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

void PrintLead(const Periods& periods) {
  std::vector<double> leads;
  std::printf("On the plateau the hybrid is ahead of aie by");
  for (size_t i = 0; i < periods.hybrid.size(); ++i) {
    const PeriodLine &hybrid = periods.hybrid[i], &aie = periods.aie[i];
    leads.push_back(aie.plateau_ns - hybrid.plateau_ns);
    std::printf("%s %.0f ns at H=%d (over all I: %.0f %% less on average)", i == 0 ? "" : ",", leads.back(),
                hybrid.hidden_size, 100 * (1 - Mean(hybrid.ns) / Mean(aie.ns)));
  }
  const bool grows = std::is_sorted(leads.begin(), leads.end());
  const int units = periods.hybrid.back().hidden_size - periods.hybrid.front().hidden_size;
  std::printf(": its lead %s with H, by %.1f ns a unit.\n", grows ? "grows" : "does not always grow",
              (leads.back() - leads.front()) / units);
}

Series SeriesOf(const PeriodLine& line, const char* colour, int last_input, const hw::Timing& timing) {
  char label[64];
  std::snprintf(label, sizeof(label), "H = %d: from %.0f ns", line.hidden_size, line.plateau_ns);
  Series series{label, colour, line.mapping == hw::kMappingAie, {}, {}};
  for (int input_size = hw::kLanes; input_size <= last_input; input_size += hw::kLanes) {
    const hw::ClosedForm form = hw::ComputeClosedForm(ShapeOf(line.mapping, line.hidden_size, input_size), timing);
    series.line.push_back({static_cast<double>(input_size), static_cast<double>(form.steady) * hw::kNsPerCycle});
  }
  for (size_t i = 0; i < line.ns.size(); ++i) {
    series.markers.push_back({static_cast<double>(kInputSizes[i]), line.ns[i]});
  }
  return series;
}

}  // namespace

const char* NameOf(hw::Mapping mapping) {
  switch (mapping) {
    case hw::kMappingHybrid:
      return "hybrid";
    case hw::kMappingAie:
      return "aie";
    case hw::kMappingCascade:
      return "cascade";
    case hw::kMappingLanes:
      return "lanes";
    default:
      return "lanes_exact";
  }
}

double Deviation(const hw::ClosedForm& form, const emu::StepTimes& emulated, const hw::Timing& timing) {
  const double first = std::abs(static_cast<double>(form.first - emulated.first));
  const double steady = std::abs(static_cast<double>(form.steady) - emulated.steady);
  const double switch_in = std::abs(static_cast<double>(form.switch_in - emulated.switch_in));
  return std::max({first, steady, switch_in}) / static_cast<double>(timing.pl_clock);
}

absl::StatusOr<Periods> RunPeriods(const std::vector<Emulated>& layers, const hw::Timing& timing) {
  Periods periods;
  for (auto [mapping, lines] :
       {std::pair(hw::kMappingHybrid, &periods.hybrid), std::pair(hw::kMappingAie, &periods.aie),
        std::pair(hw::kMappingCascade, &periods.cascade)}) {
    for (const Emulated& layer : layers) {
      auto line = RunLine(layer, mapping, timing);
      if (!line.ok()) return line.status();
      lines->push_back(*std::move(line));
    }
  }
  return periods;
}

double LargestDeviation(const Periods& periods) {
  double largest = 0;
  for (const auto* lines : {&periods.hybrid, &periods.aie, &periods.cascade}) {
    for (const PeriodLine& line : *lines) largest = std::max(largest, line.deviation);
  }
  return largest;
}

void PrintPeriods(const Periods& periods) {
  std::printf("\nModelled step period, ns: from the first word of a new state to the next step's first, emulated\n");
  std::printf("%-7s %3s |", "mapping", "H");
  for (const int input_size : kInputSizes) std::printf(" %8s", ("I=" + std::to_string(input_size)).c_str());
  std::printf(" | closed form: flat | deviation, PL cycles\n");
  for (const auto* lines : {&periods.hybrid, &periods.aie, &periods.cascade}) {
    for (const PeriodLine& line : *lines) PrintLine(line);
  }
  PrintLead(periods);
  std::printf("Beyond the plateau hybrid and aie take 0.8 ns more for each word of x: no faster than words come.\n");
  std::printf("cascade is the paper's alternative, which it does not measure; I=512 does not fit it.\n");
  std::printf("The paper's own values, its Figure 3, are not known here, so none of this is compared with them.\n");
}

void PrintParts(const char* what, int hidden_size, const hw::ClosedForm& form) {
  std::printf("\nWhere a step of %s goes at H=%d, modelled, ns:\n", what, hidden_size);
  for (const hw::Part& part : form.parts) {
    if (part.cycles > 0) std::printf("  %-26s %6.1f\n", part.name, static_cast<double>(part.cycles) * hw::kNsPerCycle);
  }
  std::printf("  %-26s %6.1f\n", "together", static_cast<double>(form.recurrent) * hw::kNsPerCycle);
}

void PrintParts(hw::Mapping mapping, int hidden_size, const hw::Timing& timing) {
  PrintParts(NameOf(mapping), hidden_size, hw::ComputeClosedForm(ShapeOf(mapping, hidden_size, hw::kLanes), timing));
}

Chart PeriodsChart(const Periods& periods, const hw::Timing& timing) {
  // By hidden size, light to dark.
  constexpr const char* kBlues[] = {"#8db8f0", "#5591e0", "#2563c4", "#123a80"};
  constexpr const char* kBrowns[] = {"#f0b27a", "#dd8438", "#b45f14", "#783a06"};
  Chart chart;
  chart.title = "Modelled period of a GRU step: the paper's two mappings, and lanes";
  chart.x_name = "input size I (words a step)";
  chart.y_name = "modelled ns a step";
  chart.caption = {
      "Modelled, not measured: clocks of 1.25 GHz and 312.5 MHz, constants of hw/config/timing.h. Markers: the kernels",
      "and graphs of hw/ in the emulator. Lines: the closed form. The paper's own curves (arXiv 2511.15626, Figure 3)",
      "are not known here. Reset before the matrix where nothing else is said; lanes ends where it no longer fits."};
  chart.x_ticks.assign(std::begin(kInputSizes), std::end(kInputSizes));
  chart.x_ticks.push_back(2 * chart.x_ticks.back());
  chart.groups = {{"aie (9H + 4 tiles)", {}}, {"hybrid (9H + 1 tiles)", {}}};
  for (size_t size = std::size(kHiddenSizes); size-- > 0;) {
    const int last = chart.x_ticks.back();
    chart.groups[0].series.push_back(SeriesOf(periods.aie[size], kBrowns[size], last, timing));
    chart.groups[1].series.push_back(SeriesOf(periods.hybrid[size], kBlues[size], last, timing));
  }
  return chart;
}

}  // namespace recurd::bench
