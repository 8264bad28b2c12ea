#include "server/pipeline/xrt/probe.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/pipeline/array/placer.h"
#include "server/pipeline/xrt/board.h"

namespace recurd::board {
namespace {

constexpr hw::Cycles kMostCrossing = 1000;  // 0.8 us

template <typename F>
absl::StatusOr<double> AverageNs(const Clock& clock, F access) {
  constexpr int kCount = 1000;
  const int64_t start = clock.NowNs();
  for (int i = 0; i < kCount; ++i) {
    if (!access()) return absl::UnavailableError("a register can't be accessed");
  }
  return static_cast<double>(clock.NowNs() - start) / kCount;
}

absl::Status ProbeRegisters(Device& device, const Clock& clock, ProbeReport* report) {
  uint32_t value = 0;
  RECURD_ASSIGN_OR_RETURN(report->read_ns, AverageNs(clock, [&] { return device.Read(hw::kRegHeartbeat, &value); }));
  RECURD_ASSIGN_OR_RETURN(report->write_ns, AverageNs(clock, [&] { return device.Write(hw::kRegWindow, 0); }));
  return absl::OkStatus();
}

absl::StatusOr<ProbeReport::RingCost> ProbeRings(Device& device, const Clock& clock, Caching caching,
                                                 const ProbeReport& report) {
  RECURD_ASSIGN_OR_RETURN(Rings rings, Rings::Make(device, caching));
  return ProbeReport::RingCost{static_cast<double>(rings.MeasurePutNs(clock, report.put_words)),
                               static_cast<double>(rings.MeasureGetNs(clock, report.get_words))};
}

absl::StatusOr<double> ModelledSteadyNs(const emu::Placement& on, const hw::Timing& timing) {
  RECURD_ASSIGN_OR_RETURN(const Placement placement, array::Emulate(on, timing));
  return placement.modelled.steady_ns;
}

// The least crossing with which the modelled step is as long as the measured one; it grows with it.
absl::StatusOr<std::optional<hw::Cycles>> FitCrossing(const emu::Placement& on, double steady_ns) {
  const auto too_short = [&](hw::Cycles crossing) -> absl::StatusOr<bool> {
    hw::Timing timing;
    timing.cdc_to_aie = timing.cdc_to_pl = crossing;
    RECURD_ASSIGN_OR_RETURN(const double modelled_ns, ModelledSteadyNs(on, timing));
    return modelled_ns < steady_ns - hw::kNsPerCycle / 2;
  };
  RECURD_ASSIGN_OR_RETURN(const bool more_than_least, too_short(0));
  RECURD_ASSIGN_OR_RETURN(const bool more_than_most, too_short(kMostCrossing));
  if (!more_than_least || more_than_most) return std::optional<hw::Cycles>();
  hw::Cycles low = 0, high = kMostCrossing;  // too short, and not
  while (high - low > 1) {
    const hw::Cycles middle = (low + high) / 2;
    RECURD_ASSIGN_OR_RETURN(const bool more, too_short(middle));
    (more ? low : high) = middle;
  }
  return std::optional<hw::Cycles>(high);
}

}  // namespace

absl::StatusOr<ProbeReport> Probe(std::unique_ptr<Device> device, const Clock& clock) {
  RECURD_ASSIGN_OR_RETURN(const auto board, Board::Make(std::move(device), clock, {}));
  Driver& driver = board->driver();
  ProbeReport report = {.name = board->device().name(),
                        .design = Describe(board->identity()),
                        .put_words = hw::kBeatWords + board->row_words().input,
                        .get_words = board->row_words().state + hw::kBeatWords,
                        .uses_cacheable = driver.rings().caching() == Caching::kCacheable,
                        .window_words = driver.window_words(),
                        .first_ns = board->times().first_ns,
                        .switch_ns = board->times().switch_ns,
                        .reload_ns = board->times().reload_ns};
  RECURD_RETURN_IF_ERROR(ProbeRegisters(board->device(), clock, &report));
  RECURD_ASSIGN_OR_RETURN(report.uncached, ProbeRings(board->device(), clock, Caching::kUncached, report));
  RECURD_ASSIGN_OR_RETURN(report.cacheable, ProbeRings(board->device(), clock, Caching::kCacheable, report));
  const int steps = std::min(257, board->job_steps());
  RECURD_ASSIGN_OR_RETURN(const Board::TrialTimes one, board->Time({.steps = 1}));
  RECURD_ASSIGN_OR_RETURN(const Board::TrialTimes many, board->Time({.steps = steps}));
  report.doorbell_ns = one.board_ns;
  report.steady_ns = (many.board_ns - one.board_ns) / std::max(1, steps - 1);
  RECURD_ASSIGN_OR_RETURN(report.modelled_steady_ns, ModelledSteadyNs(board->placement(), hw::Timing()));
  RECURD_ASSIGN_OR_RETURN(report.crossing, FitCrossing(board->placement(), report.steady_ns));
  return report;
}

std::string TimingFile(const ProbeReport& report, const std::string& when) {
  std::string text = absl::StrFormat(
      "# Measured by recurctl probe, %s, on %s (%s); in ns:\n"
      "#   register read %.0f, write %.0f; %d words into the ring %.0f, %d out of it %.0f; doorbell to DONE, one step, "
      "%.0f\n"
      "#   first step %.0f, steady step %.1f, switch %.0f, reload %.0f\n",
      when, report.name, report.design, report.read_ns, report.write_ns, report.put_words,
      report.uses_cacheable ? report.cacheable.put_ns : report.uncached.put_ns, report.get_words,
      report.uses_cacheable ? report.cacheable.get_ns : report.uncached.get_ns, report.doorbell_ns, report.first_ns,
      report.steady_ns, report.switch_ns, report.reload_ns);
  if (!report.crossing) {
    return text + absl::StrFormat(
                      "# No crossing of 0 to %d cycles makes the modelled steady step (%.1f ns) the measured "
                      "one: something else takes the time.\n",
                      kMostCrossing, report.modelled_steady_ns);
  }
  absl::StrAppendFormat(&text,
                        "# Known by these: with both crossings so, the modelled steady step is the measured one. Only "
                        "their sum shows.\ncdc_to_aie = %d\ncdc_to_pl = %d\n",
                        *report.crossing, *report.crossing);
  return text;
}

}  // namespace recurd::board
