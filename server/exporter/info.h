#pragma once

#include <optional>
#include <string>

#include "server/pipeline/pipeline.h"

namespace recurd {

// What is known of the program and its models without counting: recurd_build_info, recurd_model_info and
// recurd_modelled_step_seconds. Text must be valid UTF-8, or Prometheus refuses the whole
// scrape.
struct BuildInfo {
  std::string version;
  std::string revision;
  std::string pipeline;
  std::string numerics_profile;
  std::string target;  // the instruction set that the kernels chose
};
struct ModelInfo {
  std::string model;
  std::string version;
  std::string fingerprint;
  std::string pipeline;
  std::optional<Placement> placement = {};  // on an array
};

}  // namespace recurd
