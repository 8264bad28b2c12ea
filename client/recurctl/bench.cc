#include <unistd.h>

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/command.h"
#include "client/recurctl/interrupt.h"
#include "client/recurctl/load.h"
#include "client/recurctl/selection.h"
#include "client/recurctl/summary.h"

namespace recurd {
namespace {

constexpr struct {
  const char* name;
  double fraction;
} kPercentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

double Seconds(const LoadResult& result) { return static_cast<double>(result.measured_ns) / 1e9; }
double PerSecond(uint64_t count, const LoadResult& result) {
  return result.measured_ns == 0 ? 0 : static_cast<double>(count) / Seconds(result);
}
double Us(int64_t ns) { return static_cast<double>(ns) / 1e3; }

void PrintRow(const char* label, const Latencies& latencies) {
  if (latencies.count() == 0) return;
  absl::PrintF("%-22s", label);
  for (const auto& percentile : kPercentiles) absl::PrintF(" %9.1f", Us(latencies.Percentile(percentile.fraction)));
  absl::PrintF(" %9.1f\n", Us(latencies.max_ns()));
}

void PrintTable(const LoadOptions& options, const LoadResult& result) {
  const std::string loop =
      options.rate == 0 ? "closed loop" : absl::StrCat("open loop, ", options.rate, " messages/s a stream");
  absl::PrintF("%s: %d streams, %d steps a message, %.1f s after %.1f s of warm-up\n", loop, options.streams,
               options.chunk_steps, Seconds(result), static_cast<double>(options.warmup_ns) / 1e9);
  absl::PrintF("throughput: %.0f messages/s, %.0f steps/s\n\n", PerSecond(result.messages, result),
               PerSecond(result.steps, result));
  absl::PrintF("%-22s", "microseconds");
  for (const auto& percentile : kPercentiles) absl::PrintF(" %9s", percentile.name);
  absl::PrintF(" %9s\n", "max");
  PrintRow(options.rate == 0 ? "round trip" : "due to answer", result.latency);
  if (options.rate > 0) PrintRow("send to answer", result.from_send);
  PrintRow("in the server's queue", result.queue);
  PrintRow("in its pipeline", result.pipeline);
  absl::PrintF("%s", ModelledLine(result.modelled));
  if (result.unsent > 0) {
    absl::PrintF("\n%d messages were due and never sent: the rate is above what is served. Their wait counts above.\n",
                 result.unsent);
  }
  for (const auto& [code, count] : result.refused) absl::PrintF("%d refused with code %d\n", count, code);
  if (result.broken_streams > 0) absl::PrintF("%d streams broke\n", result.broken_streams);
  if (!result.first_error.empty()) absl::PrintF("first error: %s\n", Printable(result.first_error));
}

std::string JsonOf(const Latencies& latencies) {
  std::string text = "{";
  for (const auto& percentile : kPercentiles) {
    absl::StrAppendFormat(&text, "\"%s\":%.3f,", percentile.name, Us(latencies.Percentile(percentile.fraction)));
  }
  return absl::StrCat(text, absl::StrFormat("\"max\":%.3f,\"count\":%d}", Us(latencies.max_ns()), latencies.count()));
}

void PrintJson(const LoadOptions& options, const LoadResult& result) {
  uint64_t refused = 0;
  for (const auto& [code, count] : result.refused) refused += count;
  absl::PrintF("{\"model\":%s,\"streams\":%d,\"chunk_steps\":%d,\"rate\":%g,\"seconds\":%.3f,",
               JsonString(options.open.model()), options.streams, options.chunk_steps, options.rate, Seconds(result));
  absl::PrintF("\"messages\":%d,\"steps\":%d,\"messages_per_second\":%.1f,\"steps_per_second\":%.1f,", result.messages,
               result.steps, PerSecond(result.messages, result), PerSecond(result.steps, result));
  absl::PrintF("\"latency_us\":%s,\"from_send_us\":%s,\"queue_us\":%s,\"pipeline_us\":%s,\"modelled_us\":%s,",
               JsonOf(result.latency), JsonOf(result.from_send), JsonOf(result.queue), JsonOf(result.pipeline),
               JsonOf(result.modelled));
  absl::PrintF("\"unsent\":%d,\"refused\":%d,\"broken_streams\":%d,\"first_error\":%s}\n", result.unsent, refused,
               result.broken_streams, JsonString(result.first_error));
}

// A line a second.
class ProgressLine {
 public:
  void Update(double seconds, const LoadResult& result) {
    if (seconds < last_seconds_ + 1) return;
    const double rate = static_cast<double>(result.messages - last_messages_) / (seconds - last_seconds_);
    last_seconds_ = seconds;
    last_messages_ = result.messages;
    absl::FPrintF(stderr, "%3.0f s  %7.0f messages/s  p50 %s  p99 %s\n", seconds, rate,
                  Duration(static_cast<double>(result.latency.Percentile(0.5))),
                  Duration(static_cast<double>(result.latency.Percentile(0.99))));
  }

 private:
  double last_seconds_ = 0;
  uint64_t last_messages_ = 0;
};

struct BenchFlags {
  ServerFlags server;
  std::string model, version;
  std::string outputs = "every";
  int64_t streams = 1, chunk = 1, seed = 1;
  double seconds = 10, warmup = 1, rate = 0;
  bool progress = isatty(STDERR_FILENO) != 0;
  bool json = false;

  void AddTo(FlagSet* set) {
    server.AddTo(set);
    set->Add("model", &model, "The model's name.");
    set->Add("version", &version, "The model's version; none: the newest served.");
    set->Add("streams", &streams, 1, 65536, "Streams at once, each a session.");
    set->Add("chunk", &chunk, 1, 1 << 20, "Steps a message.");
    set->Add("seconds", &seconds, 0.1, 86400, "How long to measure, in seconds.");
    set->Add("warmup", &warmup, 0, 3600, "Seconds of load before that, not counted.");
    set->Add(
        "rate", &rate, 0, 1e6,
        "Open loop: messages a second and stream, due whatever the daemon does; latency counts from when each was due. "
        "0: closed loop, each stream sends when it has its answer.");
    set->Add("outputs", &outputs, kOutputsHelp);
    set->Add("seed", &seed, 0, INT64_MAX, "Seed of the inputs, uniform in [-1, 1).");
    set->Add("progress", &progress, "A line a second on stderr.");
    set->Add("json", &json, "Print the result as one JSON object; latencies in microseconds.");
  }
};

// The load that the flags describe.   Errors: as Client's, for a daemon or model that isn't there; as CheckChunkSteps.
absl::Status Prepare(const BenchFlags& flags, LoadOptions* load) {
  const absl::StatusOr<Client> client = flags.server.Connect();
  if (!client.ok()) return client.status();
  const auto model = client->GetModel(flags.model, flags.version);
  if (!model.ok()) return model.status();
  const auto server = client->GetServerInfo();
  if (!server.ok()) return server.status();
  if (absl::Status status = CheckChunkSteps(flags.chunk, *model, *server); !status.ok()) return status;
  const auto options = flags.server.Options();
  if (!options.ok()) return options.status();
  load->server = flags.server.server;
  load->client = *options;
  load->open.set_model(flags.model);
  load->open.set_version(flags.version);
  load->input_size = static_cast<int>(model->input_size());
  load->streams = static_cast<int>(flags.streams);
  load->chunk_steps = static_cast<int>(flags.chunk);
  load->rate = flags.rate;
  load->warmup_ns = static_cast<int64_t>(flags.warmup * 1e9);
  load->duration_ns = static_cast<int64_t>(flags.seconds * 1e9);
  load->seed = static_cast<uint64_t>(flags.seed);
  return absl::OkStatus();
}

}  // namespace

int RunBench(const std::vector<std::string>& arguments) {
  FlagSet set(
      "bench --model=NAME [flags]",
      "Measures throughput and latency of a daemon under a load of random inputs. Ctrl-C ends it and prints what was\n"
      "measured. Percentiles are true to 3.2 %, the maximum is exact. Exit code 1 if a stream broke or a chunk was "
      "refused.");
  BenchFlags flags;
  flags.AddTo(&set);
  if (const std::optional<int> code = set.Parse(arguments)) return *code;
  if (flags.model.empty()) return FailUsage("--model is missing; `recurctl models` lists them");
  LoadOptions load;
  if (absl::Status status = SelectOutputs(flags.outputs, &load.open); !status.ok())
    return FailUsage(std::string(status.message()));

  const Interrupt interrupt;
  if (absl::Status status = Prepare(flags, &load); !status.ok()) return Fail(status);
  LoadResult result;
  ProgressLine line;
  const LoadProgress progress = [&](double seconds, const LoadResult& so_far) {
    if (flags.progress) line.Update(seconds, so_far);
    return !interrupt.Requested();
  };
  if (absl::Status status = RunLoad(load, progress, &result); !status.ok()) return Fail(status);
  flags.json ? PrintJson(load, result) : PrintTable(load, result);
  return result.broken_streams == 0 && result.refused.empty() ? kExitOk : kExitFailed;
}

}  // namespace recurd
