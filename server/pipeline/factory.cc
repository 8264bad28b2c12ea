#include "server/pipeline/factory.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/pipeline/array/timing_file.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
#include "server/pipeline/sim/sim_pipeline.h"
#include "server/pipeline/xrt/xrt_pipeline.h"

namespace recurd {
namespace {

absl::Status Needs(const char* other, const std::string& flag, const std::string& pipeline) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, " means nothing to --pipeline=", pipeline,
                                                 "; leave it out, or choose --pipeline=", other));
}

// Errors: INVALID_ARGUMENT for an option of another pipeline.
absl::Status CheckOptions(const PipelineOptions& options) {
  const std::string& pipeline = options.pipeline;
  if (pipeline == "cpu" && options.mapping != "auto") return Needs("sim", "mapping=" + options.mapping, pipeline);
  if (pipeline != "sim" && options.sim_exact) return Needs("sim", "sim_exact", pipeline);
  if (pipeline == "cpu" && !options.timing_file.empty()) {
    return Needs("sim", "timing_file=" + options.timing_file, pipeline);
  }
  if (pipeline == "xrt") return absl::OkStatus();
  if (!options.xclbin.empty()) return Needs("xrt", "xclbin=" + options.xclbin, pipeline);
  if (!options.aie_xclbin.empty()) return Needs("xrt", "aie_xclbin=" + options.aie_xclbin, pipeline);
  if (options.device != 0) return Needs("xrt", absl::StrCat("device=", options.device), pipeline);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Pipeline>> MakeXrt(const PipelineOptions& options) {
  static const SteadyClock clock;
  RECURD_ASSIGN_OR_RETURN(const hw::Timing timing, array::ReadTiming(options.timing_file));
  RECURD_ASSIGN_OR_RETURN(
      auto device,
      board::OpenDevice({.index = options.device, .xclbin = options.xclbin, .aie_xclbin = options.aie_xclbin}));
  RECURD_ASSIGN_OR_RETURN(auto pipeline, XrtPipeline::Make(std::move(device), options.mapping, clock, {}, timing));
  return pipeline;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pipeline>> MakePipeline(const PipelineOptions& options) {
  const std::string& name = options.pipeline;
  if (name != "cpu" && name != "sim" && name != "xrt") {
    return absl::InvalidArgumentError(
        absl::StrCat("no pipeline is called \"", name, "\"; choose one of cpu, sim, xrt"));
  }
  RECURD_RETURN_IF_ERROR(CheckOptions(options));
  if (name == "cpu") return std::make_unique<CpuPipeline>();
  if (name == "xrt") return MakeXrt(options);
  RECURD_ASSIGN_OR_RETURN(auto pipeline, SimPipeline::Make(options.mapping, options.sim_exact, options.timing_file));
  return pipeline;
}

}  // namespace recurd
