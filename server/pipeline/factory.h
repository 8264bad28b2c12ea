#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// What computes steps, as the flags of the same names say it (config.cc). All but `pipeline` is for those with an
// array, real or emulated.
struct PipelineOptions {
  std::string pipeline = "cpu";
  std::string mapping = "auto";
  bool sim_exact = false;
  std::string timing_file;
  // Of the board.
  std::string xclbin;
  std::string aie_xclbin;
  int device = 0;
};

// The one place that knows which pipelines this binary was built with.
// Errors: INVALID_ARGUMENT for a name that isn't a pipeline, for an option that the pipeline hasn't, and as the
// pipeline's own; UNIMPLEMENTED for a pipeline that this build doesn't have, UNAVAILABLE for a board that isn't there.
absl::StatusOr<std::unique_ptr<Pipeline>> MakePipeline(const PipelineOptions& options);

}  // namespace recurd
