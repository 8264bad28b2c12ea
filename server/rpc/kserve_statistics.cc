#include "server/rpc/kserve_models.h"

namespace recurd::kserve {
namespace {

// Their places in a chunk's life are nearly the same: what Triton calls computing the input is decoding here.
struct Part {
  Stage stage;
  inference::StatisticDuration* (inference::InferStatistics::*field)();
};
constexpr Part kParts[] = {{Stage::kDecode, &inference::InferStatistics::mutable_compute_input},
                           {Stage::kQueue, &inference::InferStatistics::mutable_queue},
                           {Stage::kPipeline, &inference::InferStatistics::mutable_compute_infer},
                           {Stage::kEncode, &inference::InferStatistics::mutable_compute_output}};

void AddTo(inference::StatisticDuration* duration, const LatencyHistogram& histogram) {
  uint64_t count = 0;
  for (int i = 0; i < LatencyHistogram::kCellCount; ++i) count += histogram.cell(i);
  duration->set_count(duration->count() + count);
  duration->set_ns(duration->ns() + histogram.sum_ns());
}

void AddTo(inference::ModelStatistics* statistics, const ModelMetrics& metrics) {
  inference::InferStatistics* stats = statistics->mutable_inference_stats();
  AddTo(stats->mutable_success(), metrics.chunk);
  for (const Part& part : kParts) AddTo((stats->*part.field)(), metrics.stage[static_cast<size_t>(part.stage)]);
  uint64_t failed = 0;
  for (size_t code = 1; code < metrics.chunks_by_code.size(); ++code) failed += metrics.chunks_by_code[code].value();
  stats->mutable_fail()->set_count(stats->fail().count() + failed);
}

}  // namespace

void DescribeStatistics(const ServedModel& served, inference::ModelStatistics* statistics) {
  statistics->set_name(served.model->name);
  statistics->set_version(served.model->version);
  AddTo(statistics, *served.metrics);
  if (served.fallback_metrics) AddTo(statistics, *served.fallback_metrics);
  const uint64_t served_count = statistics->inference_stats().success().count();
  statistics->set_inference_count(served_count);
  statistics->set_execution_count(served_count);
}

}  // namespace recurd::kserve
