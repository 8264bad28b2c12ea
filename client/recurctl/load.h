#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "client/recurctl/percentiles.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "recurd/client.h"

namespace recurd {

// A load of messages and what came of it.
//
// Closed loop (rate 0): each stream sends its next message as soon as the last is answered; latency counts from the
// send. Open loop: each stream has a message due every 1 / rate seconds, whatever the server does; latency counts from
// when the message was due, so that messages held up behind a slow answer count their wait (no coordinated omission),
// and those that were due but never sent count what they had waited at the end.
struct LoadOptions {
  std::string server;
  ClientOptions client;
  v1::Open open;
  int input_size = 0;  // of the model
  int streams = 1;
  int chunk_steps = 1;
  double rate = 0;  // messages a second and stream
  int64_t warmup_ns = 0;
  int64_t duration_ns = 0;
  uint64_t seed = 1;
};

struct LoadResult {
  int64_t measured_ns = 0;  // the time that messages and steps were counted in
  uint64_t messages = 0;
  uint64_t steps = 0;
  uint64_t unsent = 0;              // open loop: due within the time, never sent
  std::map<int, uint64_t> refused;  // by code
  int broken_streams = 0;
  std::string first_error;
  Latencies latency;                    // of messages due after the warm-up
  Latencies from_send;                  // of messages sent after the warm-up, from the send; differs in open loop only
  Latencies queue, pipeline, modelled;  // what the server reported of these; modelled out of its timing model
};

// Whether the server takes `chunk_steps` steps of the model in one message, and can send their outputs in one answer.
// Errors: INVALID_ARGUMENT, with the limit.
absl::Status CheckChunkSteps(int64_t chunk_steps, const v1::GetModelResponse& model,
                             const v1::GetServerInfoResponse& server);

// Called about ten times a second with the seconds gone by and the result so far; false ends the load early.
using LoadProgress = std::function<bool(double seconds, const LoadResult& so_far)>;

// Runs the load on the calling thread, over one connection and completion queue. In open loop it keeps one CPU busy: a
// queue can't sleep for less than a millisecond. Errors: UNAVAILABLE if the server isn't there, or the first stream's
// error if none could be opened. A stream that breaks later counts in `result`, which holds what was measured whatever
// happens.
absl::Status RunLoad(const LoadOptions& options, const LoadProgress& progress, LoadResult* result);

}  // namespace recurd
