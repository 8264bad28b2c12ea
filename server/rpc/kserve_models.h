#pragma once

#include <string>

#include "proto/inference/grpc_predict_v2.pb.h"
#include "server/engine/engine.h"

namespace recurd::kserve {

// What the protocol says of the models that are served.

// The reason of UNAVAILABLE while the server drains.
inline constexpr char kStoppingText[] = "Server is stopping: it takes no more requests; go on at another one";

// The reason of NOT_FOUND, in words that clients look for.
std::string UnknownModelText(const Catalog& catalog, const std::string& name, const std::string& version);

// Why requests are refused for now; empty: they are served.
std::string UnavailableReason(const Engine& engine);

// `version`: what was asked for; empty: all that are served are listed.
void DescribeMetadata(const Catalog& catalog, const Model& model, const std::string& version,
                      inference::ModelMetadataResponse* response);
void DescribeConfig(const Model& model, const EngineOptions& options, inference::ModelConfig* config);
void DescribeStatistics(const ServedModel& served, inference::ModelStatistics* statistics);

}  // namespace recurd::kserve
