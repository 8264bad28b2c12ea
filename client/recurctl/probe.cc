#include "server/pipeline/xrt/probe.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

using board::ProbeReport;

struct ProbeFlags {
  std::string xclbin, aie_xclbin, timing_file;
  int64_t device = 0;
  bool json = false;

  void AddTo(FlagSet* set) {
    set->Add("xclbin", &xclbin, "The design that the board was booted with.");
    set->Add("aie_xclbin", &aie_xclbin, "What loads the array alone; none: aie_only.xclbin beside --xclbin.");
    set->Add("device", &device, 0, 255, "Which board, counted by XRT from 0.");
    set->Add("timing_file", &timing_file, "File to write what is now known of the timing model's constants to.");
    set->Add("json", &json, "Print one JSON object; times in ns.");
  }
};

std::string ReportText(const ProbeReport& report) {
  return absl::StrFormat(
      "board     %s (%s)\n"
      "register  read %s, write %s\n"
      "ring      uncached: %d words in %s, %d out %s; cacheable: in %s, out %s; jobs take %s\n"
      "window    jobs of up to %d words go through registers\n"
      "doorbell  to DONE, one step: %s\n"
      "job       of one step %s, each step more %s, with a switch %s more; reload %s\n"
      "model     steady step %s (modelled)%s\n",
      report.name, report.design, Duration(report.read_ns), Duration(report.write_ns), report.put_words,
      Duration(report.uncached.put_ns), report.get_words, Duration(report.uncached.get_ns),
      Duration(report.cacheable.put_ns), Duration(report.cacheable.get_ns),
      report.uses_cacheable ? "cacheable" : "uncached", report.window_words, Duration(report.doorbell_ns),
      Duration(report.first_ns), Duration(report.steady_ns), Duration(report.switch_ns), Duration(report.reload_ns),
      Duration(report.modelled_steady_ns),
      report.crossing ? absl::StrCat("; the measured one with crossings of ", *report.crossing, " cycles")
                      : "; no crossing between array and PL explains the measured one");
}

std::string RingJson(const ProbeReport::RingCost& cost) {
  return absl::StrFormat("{\"put_ns\":%.1f,\"get_ns\":%.1f}", cost.put_ns, cost.get_ns);
}

std::string ReportJson(const ProbeReport& report) {
  return absl::StrFormat(
      "{\"board\":%s,\"design\":%s,\"register_read_ns\":%.1f,\"register_write_ns\":%.1f,\"put_words\":%d,"
      "\"get_words\":%d,\"uncached\":%s,\"cacheable\":%s,\"uses_cacheable\":%s,\"window_words\":%d,"
      "\"doorbell_to_done_ns\":%.1f,\"first_ns\":%.1f,\"steady_ns\":%.1f,\"switch_ns\":%.1f,\"reload_ns\":%.1f,"
      "\"modelled_steady_ns\":%.1f,\"crossing_cycles\":%s}\n",
      JsonString(report.name), JsonString(report.design), report.read_ns, report.write_ns, report.put_words,
      report.get_words, RingJson(report.uncached), RingJson(report.cacheable), report.uses_cacheable ? "true" : "false",
      report.window_words, report.doorbell_ns, report.first_ns, report.steady_ns, report.switch_ns, report.reload_ns,
      report.modelled_steady_ns, report.crossing ? absl::StrCat(*report.crossing) : "null");
}

absl::Status WriteTimingFile(const std::string& path, const ProbeReport& report) {
  std::ofstream file(path);
  file << board::TimingFile(report, absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(), absl::UTCTimeZone()));
  if (file.flush()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--timing_file=", path, ": can't be written; give a writable place"));
}

}  // namespace

int RunProbe(const std::vector<std::string>& arguments) {
  FlagSet set("probe --xclbin=FILE [flags]",
              "Measures a board that nobody uses: registers, rings, doorbell to DONE, first and steady step, switch.\n"
              "Needs no daemon. What it learns of the timing model's constants goes to --timing_file, for recurd's\n"
              "flag of that name.");
  ProbeFlags flags;
  flags.AddTo(&set);
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (flags.xclbin.empty()) return FailUsage("--xclbin is missing; give the design that the board was booted with");
  const SteadyClock clock;
  auto device = board::OpenDevice(
      {.index = static_cast<int>(flags.device), .xclbin = flags.xclbin, .aie_xclbin = flags.aie_xclbin});
  if (!device.ok()) return Fail(device.status());
  const auto report = board::Probe(*std::move(device), clock);
  if (!report.ok()) return Fail(report.status());
  std::fputs((flags.json ? ReportJson(*report) : ReportText(*report)).c_str(), stdout);
  if (flags.timing_file.empty()) return kExitOk;
  const absl::Status status = WriteTimingFile(flags.timing_file, *report);
  return status.ok() ? kExitOk : Fail(status);
}

}  // namespace recurd
