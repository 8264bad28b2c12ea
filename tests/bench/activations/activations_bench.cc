// The activations of a recurrent layer in one table: error over range, cycles, memory, the step, and what they cost the
// shipped models. Prints bars and exits 1 if one is short:
//   bar <activation>_sigmoid, <activation>_tanh   largest error over all floats, against double precision
//   bar <activation>_digits                       held-out digits lost, of 200: the worse of two models, cpu and lanes
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "hw/config/lanes.h"
#include "hw/emu/placement.h"
#include "hw/emu/step_times.h"
#include "server/base/status_macros.h"
#include "server/model/repository.h"
#include "server/numeric/activation.h"
#include "server/numeric/activation_form.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
#include "server/pipeline/sim/sim_pipeline.h"
#include "tests/integration/digits.h"

namespace recurd::bench {
namespace {

// Of |x|: how far each range goes. Behind 16 everything is saturated.
constexpr float kRanges[] = {1, 4, 8, std::numeric_limits<float>::max()};
constexpr size_t kRangeCount = std::size(kRanges);

struct Errors {
  double sigmoid[kRangeCount] = {}, tanh[kRangeCount] = {};
  double Sigmoid() const { return *std::max_element(sigmoid, sigmoid + kRangeCount); }
  double Tanh() const { return *std::max_element(tanh, tanh + kRangeCount); }
};

// Every 101st float, from the largest down to the least, of both signs.
Errors ErrorsOf(ActivationForm form) {
  Errors errors;
  for (uint32_t bits = 0; bits < 0x7f800000; bits += 101) {
    const float size = std::bit_cast<float>(bits);
    const size_t range = std::lower_bound(kRanges, kRanges + kRangeCount, size) - kRanges;
    for (const float x : {size, -size}) {
      const double sigmoid = Sigmoid(form, x) - recurd::Sigmoid(static_cast<double>(x));
      const double tanh = Tanh(form, x) - recurd::Tanh(static_cast<double>(x));
      errors.sigmoid[range] = std::max(errors.sigmoid[range], std::fabs(sigmoid));
      errors.tanh[range] = std::max(errors.tanh[range], std::fabs(tanh));
    }
  }
  return errors;
}

// The modelled period of a GRU with 32 units and 8 inputs on lanes.
absl::StatusOr<double> StepNs(ActivationForm form, hw::LaneCell cell) {
  const emu::Placement* array = emu::FindVariant(form, {32, 8, cell});
  RECURD_ASSIGN_OR_RETURN(const emu::StepTimes times, emu::RunStepTimes(array->make, hw::Timing(), 32, 8, 40));
  return times.steady * hw::kNsPerCycle;
}

absl::StatusOr<int> RightDigits(Pipeline& pipeline, const Model& of, std::optional<ActivationForm> form) {
  Model model = of;
  model.activation = form;
  RECURD_ASSIGN_OR_RETURN(const auto prepared, pipeline.Prepare(std::make_shared<const Model>(model)));
  const Digits digits = LoadDigits(model.name);
  std::vector<float> next(model.state_size()), logits(model.output_size);
  int right = 0;
  uint64_t key = 0;
  for (const Digits::Sequence& digit : digits.sequences) {
    std::vector<float> rows;
    for (const auto& row : digit.rows) rows.insert(rows.end(), row.begin(), row.end());
    const int steps = static_cast<int>(digit.rows.size());
    pipeline.Start({.model = prepared.get(),
                    .state_key = ++key,
                    .next_state_key = ++key,
                    .state = model.initial_state.data(),
                    .next_state = next.data(),
                    .inputs = rows.data(),
                    .outputs = logits.data(),
                    .steps = steps,
                    .selection = OutputSelection::Last(steps)});
    RunResult result;
    pipeline.Poll(&result);
    right += std::max_element(logits.begin(), logits.end()) - logits.begin() == digit.label;
  }
  return right;
}

// Right answers on each pipeline for each model.
struct Accuracy {
  std::vector<int> cpu, lanes;
};
absl::StatusOr<Accuracy> AccuracyOf(const std::vector<std::shared_ptr<const Model>>& models, ActivationForm form) {
  CpuPipeline cpu;
  RECURD_ASSIGN_OR_RETURN(const auto lanes, SimPipeline::Make("lanes", false, ""));
  Accuracy accuracy;
  for (const auto& model : models) {
    RECURD_ASSIGN_OR_RETURN(accuracy.cpu.emplace_back(), RightDigits(cpu, *model, form));
    RECURD_ASSIGN_OR_RETURN(accuracy.lanes.emplace_back(), RightDigits(*lanes, *model, form));
  }
  return accuracy;
}

// Four rows a cycle: r and z are eight reads, n four; a memory has two ports. One of 18 Kb holds 512 entries of a word;
// what is no deeper than 64 is made of the PL's logic.
double BlockRams(const hw::ActivationRom& rom) {
  if (rom.entries <= 64) return 0;
  const int deep = (rom.entries + 511) / 512;
  return 0.5 * deep * (4 * rom.sigmoid_words + 2 * rom.tanh_words);
}

struct Row {
  NamedForm of;
  Errors errors;
  double before_ns = 0, after_ns = 0;
  Accuracy accuracy;
};

absl::StatusOr<std::vector<Row>> RunRows() {
  RECURD_ASSIGN_OR_RETURN(const auto models, LoadRepository(RECURD_SOURCE_DIR "/deploy/models"));
  std::vector<Row> rows;
  for (const NamedForm& named : ActivationForms()) {
    Row row{.of = named, .errors = ErrorsOf(named.form)};
    RECURD_ASSIGN_OR_RETURN(row.before_ns, StepNs(named.form, hw::LaneCell::kGruBefore));
    RECURD_ASSIGN_OR_RETURN(row.after_ns, StepNs(named.form, hw::LaneCell::kGruAfter));
    RECURD_ASSIGN_OR_RETURN(row.accuracy, AccuracyOf(models, named.form));
    rows.push_back(row);
  }
  return rows;
}

void Print(const std::vector<Row>& rows) {
  std::printf("\nActivations: largest error over range, cycles, memory, the step of a GRU (H=32, I=8) on lanes\n");
  std::printf("%-16s | %-31s | %-31s | %3s %6s %5s | %6s %6s | %s\n", "", "sigmoid, |x| to", "tanh, |x| to", "PL",
              "ROM", "BRAM", "before", "after", "digits right, cpu");
  std::printf("%-16s |", "activation");
  for (int i = 0; i < 2; ++i) std::printf(" %7s %7s %7s %7s |", "1", "4", "8", "inf");
  std::printf(" %3s %6s %5s | %6s %6s | %s\n", "cyc", "bytes", "36", "ns", "ns", "and lanes, 2 models");
  for (const Row& row : rows) {
    const hw::ActivationRom rom = hw::RomOf(row.of.form);
    std::printf("%-16s |", row.of.name);
    for (const double error : row.errors.sigmoid) std::printf(" %.1e", error);
    std::printf(" |");
    for (const double error : row.errors.tanh) std::printf(" %.1e", error);
    std::printf(" | %3d %6d %5g | %6.1f %6.1f |", static_cast<int>(hw::ActivationLatency(hw::Timing(), row.of.form)),
                rom.bytes(), BlockRams(rom), row.before_ns, row.after_ns);
    for (const auto* right : {&row.accuracy.cpu, &row.accuracy.lanes}) {
      for (const int count : *right) std::printf(" %d", count);
    }
    std::printf("\n");
  }
  std::printf(
      "Errors: against double precision, every 101st float. PL cycles of 3.2 ns and steps are modelled, the steps in "
      "the\n"
      "emulator. ROM: one copy of both tables. BRAM 36: of a GRU's core, which looks up twelve values a cycle. exact:\n"
      "e^x comes from the tiles, 30 cycles are the PL's division; cordic has adders only, no multiplier.\n\n");
}

bool Bar(const std::string& name, double value, double limit) {
  const bool ok = value <= limit;
  std::printf("bar %s %.3g %.3g %s\n", name.c_str(), value, limit, ok ? "ok" : "short");
  return ok;
}

struct Bounds {
  ActivationForm form;
  double sigmoid, tanh;
};
constexpr Bounds kBounds[] = {{ActivationForm::kLut, 2.5e-3, 1.1e-3},
                              {ActivationForm::kLutInterpolated, 1.2e-5, 2.4e-5},
                              {ActivationForm::kPiecewiseLinear, 3.4e-4, 6.8e-4},
                              {ActivationForm::kCordic, 1.5e-6, 3e-6},
                              {ActivationForm::kPolynomial, 2.5e-7, 4e-7},
                              {ActivationForm::kExact, 9e-8, 1.5e-7}};

int Lost(const Accuracy& accuracy, const Accuracy& exact) {
  int lost = 0;
  for (size_t i = 0; i < exact.cpu.size(); ++i) {
    lost = std::max({lost, exact.cpu[i] - accuracy.cpu[i], exact.cpu[i] - accuracy.lanes[i]});
  }
  return lost;
}

absl::StatusOr<bool> Run() {
  RECURD_ASSIGN_OR_RETURN(const std::vector<Row> rows, RunRows());
  Print(rows);
  const Accuracy& exact = rows.back().accuracy;
  bool ok = true;
  for (const Row& row : rows) {
    const Bounds& bounds =
        *std::find_if(std::begin(kBounds), std::end(kBounds), [&](const Bounds& b) { return b.form == row.of.form; });
    ok &= Bar(std::string(row.of.name) + "_sigmoid", row.errors.Sigmoid(), bounds.sigmoid);
    ok &= Bar(std::string(row.of.name) + "_tanh", row.errors.Tanh(), bounds.tanh);
    ok &= Bar(std::string(row.of.name) + "_digits", Lost(row.accuracy, exact), 1);
  }
  return ok;
}

}  // namespace
}  // namespace recurd::bench

int main(int argc, char** argv) {
  if (argc > 1) {
    const bool help = std::strcmp(argv[1], "--help") == 0;
    std::fputs("usage: activations_bench\n", help ? stdout : stderr);
    return help ? 0 : 2;
  }
  const auto ok = recurd::bench::Run();
  if (!ok.ok()) std::fprintf(stderr, "activations_bench: %s\n", std::string(ok.status().message()).c_str());
  return ok.ok() && *ok ? 0 : 1;
}
