#include "server/exporter/collect.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "server/exporter/buckets.h"
#include "server/exporter/process_stats.h"

namespace recurd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::vector<ClientMetric::Label>;
using Models = std::vector<std::shared_ptr<ModelMetrics>>;

struct Sample {
  Labels labels;
  double value;
};

MetricFamily Scalars(std::string name, std::string help, MetricType type, std::vector<Sample> samples) {
  MetricFamily family{std::move(name), std::move(help), type, {}};
  for (Sample& sample : samples) {
    ClientMetric metric;
    metric.label = std::move(sample.labels);
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = sample.value;
    family.metric.push_back(std::move(metric));
  }
  return family;
}

MetricFamily CounterFamily(std::string name, std::string help, std::vector<Sample> samples) {
  return Scalars(std::move(name), std::move(help), MetricType::Counter, std::move(samples));
}

MetricFamily CounterFamily(std::string name, std::string help, double value) {
  return CounterFamily(std::move(name), std::move(help), {{{}, value}});
}

MetricFamily GaugeFamily(std::string name, std::string help, std::vector<Sample> samples) {
  return Scalars(std::move(name), std::move(help), MetricType::Gauge, std::move(samples));
}

// A counter for each name but the first, which stands for "none".
template <size_t N>
std::vector<Sample> ByName(const std::string& label, const std::array<const char*, N>& names,
                           const std::array<Counter, N>& counters) {
  std::vector<Sample> samples;
  for (size_t i = 1; i < N; ++i) samples.push_back({{{label, names[i]}}, static_cast<double>(counters[i].value())});
  return samples;
}

void AddServer(const ServerMetrics& server, std::vector<MetricFamily>& out) {
  out.push_back(GaugeFamily("recurd_sessions_active", "Sessions that live now, attached or not.",
                            {{{}, static_cast<double>(server.sessions_active.value())}}));
  out.push_back(GaugeFamily("recurd_sessions_detached",
                            "Sessions whose client has gone away and that wait for another, of those that live.",
                            {{{}, static_cast<double>(server.sessions_detached.value())}}));
  out.push_back(GaugeFamily("recurd_capacity_used_ratio",
                            "How much of the pipeline's time sessions use at the rates they have lately sent at; see "
                            "--max_load.",
                            {{{}, static_cast<double>(server.capacity_used_ppm.value()) / 1e6}}));
  out.push_back(CounterFamily("recurd_sessions_opened_total", "Sessions opened.", server.sessions_opened.value()));
  out.push_back(CounterFamily("recurd_sessions_ended_total", "Sessions ended, by reason.",
                              ByName("reason", kEndReasonNames, server.sessions_ended)));
  out.push_back(CounterFamily("recurd_refusals_total", "Messages refused, by reason; a refused one changes nothing.",
                              ByName("reason", kRefusalNames, server.refusals)));
  out.push_back(CounterFamily("recurd_state_switches_total",
                              "Runs by whether the pipeline still held the session's state (hit).",
                              {{{{"hit", "false"}}, static_cast<double>(server.state_switches[0].value())},
                               {{{"hit", "true"}}, static_cast<double>(server.state_switches[1].value())}}));
  out.push_back(CounterFamily("recurd_deadline_missed_total",
                              "Chunks started in time and delivered after their deadline.",
                              server.deadline_missed.value()));
  out.push_back(CounterFamily("recurd_pipeline_busy_seconds_total", "Measured time in which the pipeline ran.",
                              server.pipeline_busy_ns.value() / 1e9));
  out.push_back(CounterFamily("recurd_pipeline_faults_total", "Runs that the pipeline failed, by what was wrong.",
                              ByName("kind", kFaultNames, server.pipeline_faults)));
  std::vector<Sample> recoveries;
  for (size_t i = 0; i < kRungNames.size(); ++i) {
    recoveries.push_back({{{"rung", kRungNames[i]}}, static_cast<double>(server.recoveries[i].value())});
  }
  out.push_back(CounterFamily("recurd_pipeline_recoveries_total",
                              "Rungs climbed after faults: a run started again (retry), the pipeline repaired "
                              "(reload), the process ended (exit).",
                              std::move(recoveries)));
  out.push_back(GaugeFamily("recurd_pipeline_up", "0 while the pipeline is being repaired or is lost, else 1.",
                            {{{}, static_cast<double>(server.pipeline_up.value())}}));
  out.push_back(GaugeFamily("recurd_fallback_sessions", "Sessions whose last steps the fallback computed.",
                            {{{}, static_cast<double>(server.fallback_sessions.value())}}));
  out.push_back(CounterFamily("recurd_fallback_steps_total", "Steps that the fallback computed for the pipeline.",
                              server.fallback_steps.value()));
}

void AddStore(const StoreMetrics& store, std::vector<MetricFamily>& out) {
  std::vector<Sample> restores;
  for (size_t i = 0; i < kRestoreNames.size(); ++i) {
    restores.push_back({{{"result", kRestoreNames[i]}}, static_cast<double>(store.restores[i].value())});
  }
  out.push_back(GaugeFamily("recurd_store_up", "1 while --sequence_store is reached; 0 without one too.",
                            {{{}, static_cast<double>(store.up.value())}}));
  out.push_back(GaugeFamily("recurd_store_queued_bytes", "Checkpoints that wait to be written.",
                            {{{}, static_cast<double>(store.queued_bytes.value())}}));
  out.push_back(CounterFamily("recurd_store_writes_total", "Checkpoints of sequences written.", store.writes.value()));
  out.push_back(CounterFamily("recurd_store_drops_total",
                              "Checkpoints not written: no room in the queue, where the next try is one interval later "
                              "(full); the store unreachable, or refusing (lost).",
                              {{{{"reason", "full"}}, static_cast<double>(store.full.value())},
                               {{{"reason", "lost"}}, static_cast<double>(store.lost.value())}}));
  out.push_back(
      CounterFamily("recurd_store_restores_total",
                    "Looks for sequences that a request went on with and that weren't live here, by what came "
                    "of them.",
                    std::move(restores)));
  out.push_back(CounterFamily("recurd_store_handovers_total", "Sequences given to a replica that asked for them.",
                              store.handed_over.value()));
  out.push_back(CounterFamily("recurd_store_fenced_total",
                              "Checkpoints refused because a later owner has the sequence.", store.fenced.value()));
  out.push_back(CounterFamily("recurd_store_errors_total",
                              "Failed attempts to reach the store, connections lost, commands that it refused.",
                              store.errors.value()));
}

void AddConnections(const ConnectionMetrics& connections, std::vector<MetricFamily>& out) {
  std::vector<Sample> refused;
  for (size_t i = 0; i < kConnectionRefusalNames.size(); ++i) {
    refused.push_back({{{"reason", kConnectionRefusalNames[i]}}, static_cast<double>(connections.refused[i].value())});
  }
  out.push_back(GaugeFamily("recurd_connections", "Connections over TCP that are open, up to a second late.",
                            {{{}, static_cast<double>(connections.open.value())}}));
  out.push_back(CounterFamily("recurd_connections_refused_total",
                              "Connections closed as they came: over --max_connections (limit) or "
                              "--max_connection_rate (rate).",
                              std::move(refused)));
}

// A model that ran on two pipelines has one count of each.
void AddModelCounters(const Models& models, std::vector<MetricFamily>& out) {
  std::map<std::string, double> steps_by_model;
  std::map<std::pair<std::string, int>, double> chunks_by_code;
  for (const auto& m : models) {
    steps_by_model[m->model] += m->steps.value();
    for (size_t code = 0; code < m->chunks_by_code.size(); ++code) {
      const uint64_t count = m->chunks_by_code[code].value();
      if (code == 0 || count > 0) chunks_by_code[{m->model, code}] += count;
    }
  }
  std::vector<Sample> steps, chunks;
  for (const auto& [model, count] : steps_by_model) steps.push_back({{{"model", model}}, count});
  for (const auto& [key, count] : chunks_by_code) {
    const std::string code = absl::StatusCodeToString(static_cast<absl::StatusCode>(key.second));
    chunks.push_back({{{"model", key.first}, {"code", code}}, count});
  }
  out.push_back(CounterFamily("recurd_steps_total", "Steps computed.", std::move(steps)));
  out.push_back(CounterFamily("recurd_chunks_total", "Chunks answered, by status code.", std::move(chunks)));
}

ClientMetric HistogramMetric(Labels labels, const BucketLayout& layout, const LatencyHistogram& histogram) {
  const BucketCounts counts = layout.Read(histogram);
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram.sample_count = counts.count;
  metric.histogram.sample_sum = counts.sum_ns / 1e9;
  metric.histogram.bucket.reserve(counts.buckets.size());
  for (const Bucket& bucket : counts.buckets) metric.histogram.bucket.push_back({bucket.count, bucket.edge_ns / 1e9});
  return metric;
}

// Two layouts, by what a duration can be: decoding, encoding and one step end within 100 ms on any machine that is
// worth it; what waits or has many steps may take seconds.
void AddHistograms(const Models& models, std::vector<MetricFamily>& out) {
  const BucketLayout brief(100, 100'000'000);
  const BucketLayout lengthy(100, 10'000'000'000);
  const std::array<const BucketLayout*, kStageNames.size()> stage_layouts = {&brief, &lengthy, &lengthy, &brief};
  const std::string precision = " Measured. An edge is true to 1.6 %, the one at the latency objective exactly.";
  MetricFamily stage{
      "recurd_stage_latency_seconds", "Time of a chunk in each stage." + precision, MetricType::Histogram, {}};
  MetricFamily chunk{"recurd_chunk_latency_seconds",
                     "Time from a chunk's receipt to the hand-over of its reply." + precision,
                     MetricType::Histogram,
                     {}};
  MetricFamily step{"recurd_step_latency_seconds",
                    "A chunk's pipeline time divided by its steps, counted once a step." + precision,
                    MetricType::Histogram,
                    {}};
  for (const auto& m : models) {
    const Labels labels = {{"model", m->model}, {"pipeline", m->pipeline}};
    for (size_t i = 0; i < m->stage.size(); ++i) {
      stage.metric.push_back(
          HistogramMetric({{"stage", kStageNames[i]}, labels[0], labels[1]}, *stage_layouts[i], m->stage[i]));
    }
    chunk.metric.push_back(HistogramMetric(labels, lengthy, m->chunk));
    step.metric.push_back(HistogramMetric(labels, brief, m->step));
  }
  for (MetricFamily* family : {&stage, &chunk, &step}) out.push_back(std::move(*family));  // a list would be copied
}

// One mapping of a model in two versions: the later one's.
void AddModelled(const std::vector<ModelInfo>& models, std::vector<MetricFamily>& out) {
  std::map<std::pair<std::string, std::string>, ModelledTime> times;
  for (const ModelInfo& m : models) {
    if (m.placement) times[{m.model, m.placement->mapping}] = m.placement->modelled;
  }
  std::vector<Sample> samples;
  for (const auto& [key, time] : times) {
    const auto add = [&, &labels = key](const char* kind, double ns) {
      samples.push_back({{{"model", labels.first}, {"mapping", labels.second}, {"kind", kind}}, ns / 1e9});
    };
    add("first", time.first_ns);
    add("steady", time.steady_ns);
    add("switch", time.switch_ns);
  }
  out.push_back(
      GaugeFamily("recurd_modelled_step_seconds",
                  "Out of the timing model, never measured: the first step of a run on the array, each further "
                  "step, and bringing a state in.",
                  std::move(samples)));
}

void AddInfos(const BuildInfo& build, const std::vector<ModelInfo>& models, std::vector<MetricFamily>& out) {
  std::vector<Sample> samples;
  for (const ModelInfo& m : models) {
    samples.push_back(
        {{{"model", m.model}, {"version", m.version}, {"fingerprint", m.fingerprint}, {"pipeline", m.pipeline}}, 1});
  }
  out.push_back(GaugeFamily("recurd_model_info", "1 for each model version that is loaded.", std::move(samples)));
  out.push_back(GaugeFamily("recurd_build_info", "1; what this program is.",
                            {{{{"version", build.version},
                               {"revision", build.revision},
                               {"pipeline", build.pipeline},
                               {"numerics_profile", build.numerics_profile},
                               {"target", build.target}},
                              1}}));
}

void AddProcess(std::vector<MetricFamily>& out) {
  const ProcessStats stats = ReadProcessStats();
  const auto add = [&out](const char* name, const char* help, std::optional<double> value) {
    if (value) out.push_back(GaugeFamily(name, help, {{{}, *value}}));
  };
  out.push_back(CounterFamily("process_cpu_seconds_total", "User and system CPU time spent.", stats.cpu_seconds));
  add("process_start_time_seconds", "Start of the process since the Unix epoch.", stats.start_time_seconds);
  add("process_resident_memory_bytes", "Resident memory.", stats.resident_bytes);
  add("process_virtual_memory_bytes", "Virtual memory.", stats.virtual_bytes);
  add("process_open_fds", "Open file descriptors.", stats.open_fds);
  add("process_max_fds", "Most file descriptors that may be open.", stats.max_fds);
}

}  // namespace

std::vector<MetricFamily> Collect(const Metrics& metrics, const BuildInfo& build,
                                  const std::vector<ModelInfo>& models) {
  const Models counted = metrics.Models();
  std::vector<MetricFamily> out;
  AddInfos(build, models, out);
  AddModelled(models, out);
  AddServer(metrics.server, out);
  AddConnections(metrics.connections, out);
  AddStore(metrics.store, out);
  AddModelCounters(counted, out);
  AddHistograms(counted, out);
  AddProcess(out);
  return out;
}

}  // namespace recurd
