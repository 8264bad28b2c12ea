#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/connection_metrics.h"
#include "server/base/counters.h"
#include "server/base/mutex.h"
#include "server/base/store_metrics.h"
#include "server/engine/recovery.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// The stages of a message, in the order it meets them. Encode ends when the reply is handed to gRPC.
enum class Stage { kDecode, kQueue, kPipeline, kEncode };
inline constexpr std::array<const char*, 4> kStageNames = {"decode", "queue", "pipeline", "encode"};

// Why a session ended. The order is recurd.v1.Ended.Reason's.
enum class EndReason {
  kUnspecified,
  kClosed,
  kExpired,
  kEvicted,
  kTakenOver,
  kRestarted,
  kModelUnloaded,
  kDrained,
  kFailed
};
inline constexpr std::array<const char*, 9> kEndReasonNames = {
    "unspecified", "closed", "expired", "evicted", "taken_over", "restarted", "model_unloaded", "drained", "failed"};

// Why a message was refused. kRefusalNames are the values of recurd_refusals_total's label.
enum class Refusal {
  kNone,
  kWrongLength,
  kTooManySteps,
  kNotFinite,
  kOutOfOrder,
  kBadState,
  kDeadline,
  kDraining,
  kTooManySessions,
  kQueueFull,
  kUnknownModel,
  kNotOpen,
  kAlreadyOpen,
  kEmptyMessage,
  kUnsupported,
  kSessionOver,
  kPipelineDown,
  kMalformed,
  kNotStarted,
  kIdTaken,
  kUnknownSession,
  kOverload,
  kQuota,
  kForbidden,
  kWholeSequence,
  kNoMemory,
  kStoreUnavailable
};
inline constexpr std::array<const char*, 27> kRefusalNames = {
    "none",           "wrong_length",  "too_many_steps",    "not_finite",   "out_of_order",  "bad_state",
    "deadline",       "draining",      "too_many_sessions", "queue_full",   "unknown_model", "not_open",
    "already_open",   "empty_message", "unsupported",       "session_over", "pipeline_down", "malformed",
    "not_started",    "id_taken",      "unknown_session",   "overload",     "quota",         "forbidden",
    "whole_sequence", "no_memory",     "store_unavailable"};

// Counts of one served model. Written by the serving thread only, read by any.
struct ModelMetrics {
  ModelMetrics(std::string model, std::string pipeline, int64_t objective_ns)
      : model(std::move(model)),
        pipeline(std::move(pipeline)),
        stage{LatencyHistogram(objective_ns), LatencyHistogram(objective_ns), LatencyHistogram(objective_ns),
              LatencyHistogram(objective_ns)},
        chunk(objective_ns),
        step(objective_ns) {}

  const std::string model;
  const std::string pipeline;
  std::array<LatencyHistogram, kStageNames.size()> stage;
  LatencyHistogram chunk;  // receipt to reply handed to gRPC
  LatencyHistogram step;   // measured pipeline time / T, counted T times
  Counter steps;
  std::array<Counter, 17> chunks_by_code;  // index: the code of google.rpc.Code that answered the chunk
};

// Counts of the whole server. Written by the serving thread only, read by any.
struct ServerMetrics {
  Gauge sessions_active;
  Gauge sessions_detached;
  Gauge capacity_used_ppm;
  Counter sessions_opened;
  std::array<Counter, kEndReasonNames.size()> sessions_ended;
  std::array<Counter, kRefusalNames.size()> refusals;
  std::array<Counter, 2> state_switches;  // index: 0 miss, 1 hit
  Counter deadline_missed;
  Counter pipeline_busy_ns;
  std::array<Counter, kFaultNames.size()> pipeline_faults;
  std::array<Counter, kRungNames.size()> recoveries;
  Gauge pipeline_up;
  Gauge fallback_sessions;
  Counter fallback_steps;
};

// All that is counted. Models are added by the admin thread and stay: a counter never goes back.
// Threads: Models and AddModel any.
class Metrics {
 public:
  ServerMetrics server;
  ConnectionMetrics connections;
  StoreMetrics store;

  // The metrics of (model, pipeline), made at first use.
  std::shared_ptr<ModelMetrics> AddModel(const std::string& model, const std::string& pipeline, int64_t objective_ns) {
    MutexLock lock(mutex_);
    for (const auto& m : models_) {
      if (m->model == model && m->pipeline == pipeline) return m;
    }
    models_.push_back(std::make_shared<ModelMetrics>(model, pipeline, objective_ns));
    return models_.back();
  }

  std::vector<std::shared_ptr<ModelMetrics>> Models() const {
    MutexLock lock(mutex_);
    return models_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<ModelMetrics>> models_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace recurd
