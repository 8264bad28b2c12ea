#pragma once

#include <string>

namespace recurd {

// The labels of recurd_build_info and recurd_model_info. Text must be valid UTF-8, or Prometheus refuses the whole
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
};

}  // namespace recurd
