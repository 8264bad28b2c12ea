#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "server/engine/metrics.h"

namespace recurd::bench {

// Durations of one message as the daemon has them when it records.
struct MessageTimes {
  std::array<int64_t, kStageNames.size()> stage_ns;
  int64_t chunk_ns;
};

// Records a message as a stream's answered one is: server/engine/serve_step.cc FinishRun and Reply, then
// server/rpc/stream_call.cc Encoded. The benchmark compares the series that this moves with those a daemon moves.
class Recorder {
 public:
  // 100 ms is an objective.
  Recorder(Metrics& metrics, const char* model)
      : server_(metrics.server), model_(metrics.AddModel(model, "cpu", 100'000'000)) {}

  void Record(const MessageTimes& times, int steps) {
    const int64_t pipeline_ns = times.stage_ns[static_cast<size_t>(Stage::kPipeline)];
    server_.pipeline_busy_ns.Add(static_cast<uint64_t>(pipeline_ns));
    server_.state_switches[1].Add();
    for (size_t i = 0; i < times.stage_ns.size(); ++i) model_->stage[i].Record(times.stage_ns[i]);
    model_->step.Record(pipeline_ns / steps, static_cast<uint64_t>(steps));
    model_->steps.Add(static_cast<uint64_t>(steps));
    model_->chunks_by_code[0].Add();
    model_->chunk.Record(times.chunk_ns);
  }

 private:
  ServerMetrics& server_;
  const std::shared_ptr<ModelMetrics> model_;
};

}  // namespace recurd::bench
