#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/inherited_sockets.h"
#include "server/engine/engine.h"
#include "server/pipeline/factory.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/credentials.h"
#include "server/session/store/sequence_store.h"

namespace recurd {

// The flags, checked. `recurd --help` says what each means.
struct Config {
  std::string listen;
  std::string metrics_listen;
  InheritedSockets sockets;  // those that are there stand for the addresses, which then are theirs
  std::string model_repository;
  PipelineOptions pipeline;
  std::string pipeline_fallback;  // a pipeline's name, or "": none
  bool reflection = false;
  int64_t latency_objective_ns = 0;
  int64_t drain_timeout_ns = 0;
  SecurityOptions security;
  ConnectionLimits connections;
  std::optional<SequenceStoreOptions> sequence_store;
  EngineOptions engine;
};

// Reads the command line, and takes the sockets that systemd passes. Ends the process on --help and on an unknown flag,
// as absl does.
// Errors: INVALID_ARGUMENT naming the flag, its value and its limits; those of systemd::TakeSockets.
absl::StatusOr<Config> ConfigFromCommandLine(int argc, char** argv);

}  // namespace recurd
