#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/engine/metrics.h"
#include "server/exporter/exporter.h"

namespace recurd {
namespace {

using ::testing::HasSubstr;

constexpr char kScript[] = RECURD_SOURCE_DIR "/tests/integration/prometheus_scrape.sh";
constexpr int64_t kObjectiveNs = 60'000;

struct Result {
  int exit_code;
  std::string text;  // of stdout and stderr
};

// Runs prometheus_scrape.sh. `environment` is prepended to the command.
Result RunScript(const std::string& address, const std::vector<std::string>& expressions,
                 const std::string& environment = "") {
  std::string command = environment + " /bin/bash '" + kScript + "' '" + address + "'";
  for (const std::string& expression : expressions) command += " '" + expression + "'";
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char piece[4096];
  for (size_t got; (got = fread(piece, 1, sizeof piece, pipe)) > 0;) text.append(piece, got);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

// The value of the first sample that `expression` gave; NaN if there is none.
double ValueOf(const Result& result, const std::string& expression) {
  const size_t line = result.text.find(expression + "\t");
  const size_t arrow = line == std::string::npos ? line : result.text.find("=> ", line);
  return arrow == std::string::npos ? std::nan("") : std::stod(result.text.substr(arrow + 3));
}

// Two models whose chunks took 1, 2, ... 1000 tenths of a microsecond: the quantile q is q * 100 us.
void Fill(Metrics& metrics) {
  for (const char* name : {"digits", "wakeword"}) {
    auto model = metrics.AddModel(name, "cpu", kObjectiveNs);
    for (int tenths = 1; tenths <= 1000; ++tenths) model->chunk.Record(tenths * 100);
    model->step.Record(1'000, 5'000);
    model->steps.Add(5'000);
    for (LatencyHistogram& stage : model->stage) stage.Record(10'000);
    for (Counter& code : model->chunks_by_code) code.Add(1);
  }
  for (Counter& reason : metrics.server.refusals) reason.Add(1);
  metrics.server.pipeline_busy_ns.Add(2'500'000'000);
}

std::string AddressOf(const Exporter& exporter) { return "127.0.0.1:" + std::to_string(exporter.port()); }

TEST(Prometheus, ScrapesTheExporterAndAnswersWithTheTruth) {
  Metrics metrics;
  Fill(metrics);
  auto exporter = Exporter::Start("127.0.0.1:0", metrics, {"1.2.3", "abc", "cpu", "f32/test", "AVX2"});
  ASSERT_TRUE(exporter.ok()) << exporter.status();
  (*exporter)->SetModels({{"digits", "1", "0123456789abcdef", "cpu"}, {"wakeword", "1", "fedcba9876543210", "cpu"}});

  const std::string up = "up";
  const std::string p50 = "histogram_quantile(0.5, sum by (le) (recurd_chunk_latency_seconds_bucket))";
  const std::string p99 = "histogram_quantile(0.99, sum by (le) (recurd_chunk_latency_seconds_bucket))";
  const std::string within =
      "sum(recurd_chunk_latency_seconds_bucket{le=\"6e-05\"}) / sum(recurd_chunk_latency_seconds_count)";
  const std::string mean = "sum(recurd_step_latency_seconds_sum) / sum(recurd_step_latency_seconds_count)";
  const std::string busy = "recurd_pipeline_busy_seconds_total";
  const std::string loaded = "count(recurd_model_info)";
  const std::string age = "time() - process_start_time_seconds < bool 300";
  const Result result = RunScript(AddressOf(**exporter), {up, p50, p99, within, mean, busy, loaded, age});
  ASSERT_EQ(result.exit_code, 0) << result.text;
  EXPECT_EQ(ValueOf(result, up), 1);
  EXPECT_NEAR(ValueOf(result, p50), 50e-6, 1e-6);
  EXPECT_NEAR(ValueOf(result, p99), 99e-6, 2e-6);
  EXPECT_DOUBLE_EQ(ValueOf(result, within), 0.6);
  EXPECT_NEAR(ValueOf(result, mean), 1e-6, 1e-12);
  EXPECT_EQ(ValueOf(result, busy), 2.5);
  EXPECT_EQ(ValueOf(result, loaded), 2);
  EXPECT_EQ(ValueOf(result, age), 1);
}

TEST(Prometheus, AnExpressionWithoutAnAnswerFails) {
  Metrics metrics;
  auto exporter = Exporter::Start("127.0.0.1:0", metrics, {});
  ASSERT_TRUE(exporter.ok()) << exporter.status();
  const Result result = RunScript(AddressOf(**exporter), {"recurd_no_such_metric"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.text, HasSubstr("recurd_no_such_metric: no answer"));
}

TEST(Prometheus, AMissingToolOrServerIsNamed) {
  EXPECT_THAT(RunScript("127.0.0.1:1", {}, "PATH=/nonexistent").text, HasSubstr("curl is not installed"));
  const Result result = RunScript("127.0.0.1:1", {});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.text, HasSubstr("can't fetch http://127.0.0.1:1/metrics"));
}

}  // namespace
}  // namespace recurd
