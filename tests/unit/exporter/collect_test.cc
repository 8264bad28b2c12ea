#include "server/exporter/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace recurd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Pair;

const BuildInfo kBuild{"1.2.3", "abc", "cpu", "f32/test", "AVX2"};

std::vector<MetricFamily> CollectAll(const Metrics& metrics) { return Collect(metrics, kBuild, {}); }

const MetricFamily& FamilyOf(const std::vector<MetricFamily>& families, const std::string& name) {
  for (const MetricFamily& family : families) {
    if (family.name == name) return family;
  }
  ADD_FAILURE() << "no family " << name;
  static const MetricFamily none;
  return none;
}

std::string LabelsOf(const ClientMetric& metric) {
  std::string out;
  for (const auto& label : metric.label) out += label.name + "=" + label.value + " ";
  return out;
}

// Values of a counter or gauge by labels.
std::map<std::string, double> ValuesOf(const std::vector<MetricFamily>& families, const std::string& name) {
  const MetricFamily& family = FamilyOf(families, name);
  std::map<std::string, double> out;
  for (const ClientMetric& metric : family.metric) {
    const double value = family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value;
    EXPECT_TRUE(out.emplace(LabelsOf(metric), value).second) << name << " twice with " << LabelsOf(metric);
  }
  return out;
}

TEST(Collect, ShowsEveryNameOnceWithItsTypeAlsoBeforeAnythingHappened) {
  Metrics metrics;
  metrics.AddModel("digits", "cpu", 1'000'000);
  std::map<std::string, MetricType> types;
  for (const MetricFamily& family : CollectAll(metrics)) {
    EXPECT_FALSE(family.help.empty()) << family.name;
    EXPECT_TRUE(types.emplace(family.name, family.type).second) << family.name;
  }
  const auto counter = MetricType::Counter, gauge = MetricType::Gauge, histogram = MetricType::Histogram;
  const std::map<std::string, MetricType> want = {{"recurd_build_info", gauge},
                                                  {"recurd_model_info", gauge},
                                                  {"recurd_modelled_step_seconds", gauge},
                                                  {"recurd_sessions_active", gauge},
                                                  {"recurd_sessions_detached", gauge},
                                                  {"recurd_capacity_used_ratio", gauge},
                                                  {"recurd_sessions_opened_total", counter},
                                                  {"recurd_sessions_ended_total", counter},
                                                  {"recurd_refusals_total", counter},
                                                  {"recurd_state_switches_total", counter},
                                                  {"recurd_deadline_missed_total", counter},
                                                  {"recurd_pipeline_busy_seconds_total", counter},
                                                  {"recurd_pipeline_faults_total", counter},
                                                  {"recurd_pipeline_recoveries_total", counter},
                                                  {"recurd_pipeline_up", gauge},
                                                  {"recurd_fallback_sessions", gauge},
                                                  {"recurd_fallback_steps_total", counter},
                                                  {"recurd_connections", gauge},
                                                  {"recurd_connections_refused_total", counter},
                                                  {"recurd_store_up", gauge},
                                                  {"recurd_store_queued_bytes", gauge},
                                                  {"recurd_store_writes_total", counter},
                                                  {"recurd_store_drops_total", counter},
                                                  {"recurd_store_restores_total", counter},
                                                  {"recurd_store_handovers_total", counter},
                                                  {"recurd_store_fenced_total", counter},
                                                  {"recurd_store_errors_total", counter},
                                                  {"recurd_steps_total", counter},
                                                  {"recurd_chunks_total", counter},
                                                  {"recurd_stage_latency_seconds", histogram},
                                                  {"recurd_chunk_latency_seconds", histogram},
                                                  {"recurd_step_latency_seconds", histogram},
                                                  {"process_cpu_seconds_total", counter},
                                                  {"process_start_time_seconds", gauge},
                                                  {"process_resident_memory_bytes", gauge},
                                                  {"process_virtual_memory_bytes", gauge},
                                                  {"process_open_fds", gauge},
                                                  {"process_max_fds", gauge}};
  EXPECT_EQ(types, want);
}

TEST(Collect, GivesServerCountsTheirLabels) {
  Metrics metrics;
  metrics.server.sessions_active.Set(7);
  metrics.server.sessions_detached.Set(2);
  metrics.server.capacity_used_ppm.Set(250'000);
  metrics.server.sessions_ended[static_cast<size_t>(EndReason::kTakenOver)].Add(2);
  metrics.server.refusals[static_cast<size_t>(Refusal::kNotFinite)].Add(3);
  metrics.server.state_switches[0].Add(4);
  metrics.server.state_switches[1].Add(5);
  metrics.server.pipeline_busy_ns.Add(1'500'000'000);
  const auto families = CollectAll(metrics);
  EXPECT_THAT(ValuesOf(families, "recurd_sessions_active"), ElementsAre(Pair("", 7)));
  EXPECT_THAT(ValuesOf(families, "recurd_sessions_detached"), ElementsAre(Pair("", 2)));
  EXPECT_THAT(ValuesOf(families, "recurd_capacity_used_ratio"), ElementsAre(Pair("", 0.25)));
  EXPECT_THAT(ValuesOf(families, "recurd_sessions_ended_total"),
              IsSupersetOf({Pair("reason=taken_over ", 2), Pair("reason=closed ", 0)}));
  EXPECT_THAT(ValuesOf(families, "recurd_refusals_total"),
              IsSupersetOf({Pair("reason=not_finite ", 3), Pair("reason=draining ", 0)}));
  EXPECT_THAT(ValuesOf(families, "recurd_state_switches_total"),
              ElementsAre(Pair("hit=false ", 4), Pair("hit=true ", 5)));
  EXPECT_THAT(ValuesOf(families, "recurd_pipeline_busy_seconds_total"), ElementsAre(Pair("", 1.5)));
}

TEST(Collect, ShowsFaultsByKindAndTheRungsClimbed) {
  Metrics metrics;
  metrics.server.pipeline_faults[static_cast<size_t>(Fault::kHalfWritten)].Add(2);
  metrics.server.recoveries[static_cast<size_t>(Rung::kReload)].Add(3);
  metrics.server.pipeline_up.Set(1);
  metrics.server.fallback_sessions.Set(4);
  metrics.server.fallback_steps.Add(5);
  const auto families = CollectAll(metrics);
  EXPECT_THAT(ValuesOf(families, "recurd_pipeline_faults_total"),
              IsSupersetOf({Pair("kind=half_written ", 2), Pair("kind=hang ", 0)}));
  EXPECT_THAT(ValuesOf(families, "recurd_pipeline_recoveries_total"),
              ElementsAre(Pair("rung=exit ", 0), Pair("rung=reload ", 3), Pair("rung=retry ", 0)));
  EXPECT_THAT(ValuesOf(families, "recurd_pipeline_up"), ElementsAre(Pair("", 1)));
  EXPECT_THAT(ValuesOf(families, "recurd_fallback_sessions"), ElementsAre(Pair("", 4)));
  EXPECT_THAT(ValuesOf(families, "recurd_fallback_steps_total"), ElementsAre(Pair("", 5)));
}

TEST(Collect, ShowsConnectionsAndWhyTheyWereRefused) {
  Metrics metrics;
  metrics.connections.open.Set(6);
  metrics.connections.refused[static_cast<size_t>(ConnectionRefusal::kRate)].Add(7);
  const auto families = CollectAll(metrics);
  EXPECT_THAT(ValuesOf(families, "recurd_connections"), ElementsAre(Pair("", 6)));
  EXPECT_THAT(ValuesOf(families, "recurd_connections_refused_total"),
              ElementsAre(Pair("reason=limit ", 0), Pair("reason=rate ", 7)));
}

TEST(Collect, ShowsWhatBecomesOfSequencesInTheStore) {
  Metrics metrics;
  metrics.store.up.Set(1);
  metrics.store.writes.Add(5);
  metrics.store.full.Add(2);
  metrics.store.lost.Add(3);
  metrics.store.restores[static_cast<size_t>(Restore::kAbsent)].Add(4);
  const auto families = CollectAll(metrics);
  EXPECT_THAT(ValuesOf(families, "recurd_store_up"), ElementsAre(Pair("", 1)));
  EXPECT_THAT(ValuesOf(families, "recurd_store_writes_total"), ElementsAre(Pair("", 5)));
  EXPECT_THAT(ValuesOf(families, "recurd_store_drops_total"),
              ElementsAre(Pair("reason=full ", 2), Pair("reason=lost ", 3)));
  EXPECT_THAT(ValuesOf(families, "recurd_store_restores_total"),
              ElementsAre(Pair("result=absent ", 4), Pair("result=restored ", 0), Pair("result=unavailable ", 0),
                          Pair("result=unfit ", 0)));
}

TEST(Collect, ShowsOkAndThoseCodesThatOccurred) {
  Metrics metrics;
  auto model = metrics.AddModel("digits", "cpu", 1'000'000);
  model->chunks_by_code[3].Add(2);
  model->chunks_by_code[16].Add(1);
  EXPECT_THAT(ValuesOf(CollectAll(metrics), "recurd_chunks_total"),
              ElementsAre(Pair("model=digits code=INVALID_ARGUMENT ", 2), Pair("model=digits code=OK ", 0),
                          Pair("model=digits code=UNAUTHENTICATED ", 1)));
}

TEST(Collect, AddsUpTheCountsOfAModelOnTwoPipelines) {
  Metrics metrics;
  for (const char* pipeline : {"cpu", "xrt"}) {
    auto model = metrics.AddModel("digits", pipeline, 1'000'000);
    model->steps.Add(10);
    model->chunks_by_code[0].Add(1);
  }
  const auto families = CollectAll(metrics);
  EXPECT_THAT(ValuesOf(families, "recurd_steps_total"), ElementsAre(Pair("model=digits ", 20)));
  EXPECT_THAT(ValuesOf(families, "recurd_chunks_total"), ElementsAre(Pair("model=digits code=OK ", 2)));
  EXPECT_EQ(FamilyOf(families, "recurd_chunk_latency_seconds").metric.size(), 2u);
}

TEST(Collect, HistogramsAreInSecondsAndHaveTheObjectivesEdge) {
  Metrics metrics;
  auto model = metrics.AddModel("digits", "cpu", 333'000);
  model->stage[static_cast<size_t>(Stage::kQueue)].Record(333'000);
  const auto families = CollectAll(metrics);
  const MetricFamily& stages = FamilyOf(families, "recurd_stage_latency_seconds");
  ASSERT_EQ(stages.metric.size(), 4u);
  EXPECT_EQ(LabelsOf(stages.metric[1]), "stage=queue model=digits pipeline=cpu ");
  const ClientMetric::Histogram& queue = stages.metric[1].histogram;
  EXPECT_EQ(queue.sample_count, 1u);
  EXPECT_DOUBLE_EQ(queue.sample_sum, 333e-6);
  double first_edge_that_counts = 0;
  for (auto b = queue.bucket.rbegin(); b != queue.bucket.rend() && b->cumulative_count > 0; ++b) {
    first_edge_that_counts = b->upper_bound;
  }
  EXPECT_DOUBLE_EQ(first_edge_that_counts, 333e-6);
}

TEST(Collect, HistogramsReachFrom100NsTo100MsWhereTimeIsBriefAndTo10SElsewhere) {
  Metrics metrics;
  metrics.AddModel("digits", "cpu", 333'000);
  std::map<std::string, double> last_edges;
  for (const MetricFamily& family : CollectAll(metrics)) {
    for (const ClientMetric& metric : family.metric) {
      if (family.type != MetricType::Histogram) continue;
      EXPECT_DOUBLE_EQ(metric.histogram.bucket.front().upper_bound, 1e-7);
      last_edges[family.name + " " + metric.label[0].value] = metric.histogram.bucket.back().upper_bound;
    }
  }
  EXPECT_THAT(
      last_edges,
      ElementsAre(Pair("recurd_chunk_latency_seconds digits", 10), Pair("recurd_stage_latency_seconds decode", 0.1),
                  Pair("recurd_stage_latency_seconds encode", 0.1), Pair("recurd_stage_latency_seconds pipeline", 10),
                  Pair("recurd_stage_latency_seconds queue", 10), Pair("recurd_step_latency_seconds digits", 0.1)));
}

TEST(Collect, KeepsAModelBelow700Lines) {
  Metrics metrics;
  metrics.AddModel("digits", "cpu", 333'000);
  size_t lines = 0;
  for (const MetricFamily& family : CollectAll(metrics)) {
    for (const ClientMetric& metric : family.metric) {
      if (family.type == MetricType::Histogram) lines += metric.histogram.bucket.size() + 3;
    }
  }
  EXPECT_LT(lines, 700u);
}

TEST(Collect, SaysWhatIsBuiltAndLoaded) {
  const auto families = Collect(Metrics(), kBuild, {{"digits", "1", "0123456789abcdef", "cpu"}});
  EXPECT_THAT(ValuesOf(families, "recurd_build_info"),
              ElementsAre(Pair("version=1.2.3 revision=abc pipeline=cpu numerics_profile=f32/test target=AVX2 ", 1)));
  EXPECT_THAT(ValuesOf(families, "recurd_model_info"),
              ElementsAre(Pair("model=digits version=1 fingerprint=0123456789abcdef pipeline=cpu ", 1)));
  EXPECT_THAT(ValuesOf(families, "recurd_modelled_step_seconds"), testing::IsEmpty());
}

TEST(Collect, ShowsModelledTimesInSecondsUnderANameOfTheirOwn) {
  const Placement placement{.mapping = "hybrid", .modelled = {.first_ns = 500, .steady_ns = 400, .switch_ns = 30}};
  const auto families = Collect(Metrics(), kBuild, {{"digits", "1", "0123456789abcdef", "sim", placement}});
  EXPECT_THAT(ValuesOf(families, "recurd_modelled_step_seconds"),
              ElementsAre(Pair("model=digits mapping=hybrid kind=first ", testing::DoubleEq(500e-9)),
                          Pair("model=digits mapping=hybrid kind=steady ", testing::DoubleEq(400e-9)),
                          Pair("model=digits mapping=hybrid kind=switch ", testing::DoubleEq(30e-9))));
}

TEST(Collect, ShowsTheLaterVersionsModelledTimesWhereTwoShareAMapping) {
  const Placement old{.mapping = "hybrid", .modelled = {.steady_ns = 400}};
  const Placement current{.mapping = "hybrid", .modelled = {.steady_ns = 700}};
  const auto families =
      Collect(Metrics(), kBuild, {{"digits", "1", "00", "sim", old}, {"digits", "2", "11", "sim", current}});
  EXPECT_THAT(ValuesOf(families, "recurd_modelled_step_seconds"),
              testing::Contains(Pair("model=digits mapping=hybrid kind=steady ", testing::DoubleEq(700e-9))));
}

}  // namespace
}  // namespace recurd
