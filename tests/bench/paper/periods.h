#pragma once

#include <vector>

#include "hw/emu/step_times.h"
#include "hw/model/closed_form.h"
#include "tests/bench/paper/emulated.h"
#include "tests/bench/paper/svg_chart.h"

namespace recurd::bench {

// The modelled step period of a mapping at one hidden size.
struct PeriodLine {
  hw::Mapping mapping;
  int hidden_size = 0;
  std::vector<double> ns;  // for kInputSizes, as far as they fit; from the running emulator
  double plateau_ns = 0;   // while the recurrent loop is longer than the inputs; from the closed form, as the next two
  int last_flat = 0;       // the largest input size of the plateau
  double deviation = 0;    // closed form to emulator, PL cycles: first, steady and switch, the largest
};

struct Periods {
  std::vector<PeriodLine> hybrid, aie, cascade;  // in the order of kHiddenSizes
};

absl::StatusOr<Periods> RunPeriods(const std::vector<Emulated>& layers, const hw::Timing& timing);

// The largest of all lines.
double LargestDeviation(const Periods& periods);

const char* NameOf(hw::Mapping mapping);
// Of first, steady and switch the largest, PL cycles.
double Deviation(const hw::ClosedForm& form, const emu::StepTimes& emulated, const hw::Timing& timing);

void PrintPeriods(const Periods& periods);
// Where the nanoseconds of a step on the plateau go; what: the mapping.
void PrintParts(const char* what, int hidden_size, const hw::ClosedForm& form);
void PrintParts(hw::Mapping mapping, int hidden_size, const hw::Timing& timing);
// Lines from the closed form, markers from the emulator.
Chart PeriodsChart(const Periods& periods, const hw::Timing& timing);

}  // namespace recurd::bench
