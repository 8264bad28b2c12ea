#include "server/pipeline/factory.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/pipeline/cpu/cpu_pipeline.h"
#include "server/pipeline/sim/sim_pipeline.h"

namespace recurd {
namespace {

absl::Status NeedsSim(const std::string& flag, const std::string& pipeline) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, " means nothing to --pipeline=", pipeline, "; leave it out, or choose --pipeline=sim"));
}

absl::Status CheckCpuOptions(const PipelineOptions& options) {
  if (options.mapping != "auto") return NeedsSim("mapping=" + options.mapping, options.pipeline);
  if (options.sim_exact) return NeedsSim("sim_exact", options.pipeline);
  if (!options.timing_file.empty()) return NeedsSim("timing_file=" + options.timing_file, options.pipeline);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pipeline>> MakePipeline(const PipelineOptions& options) {
  const std::string& name = options.pipeline;
  if (name == "cpu") {
    RECURD_RETURN_IF_ERROR(CheckCpuOptions(options));
    return std::make_unique<CpuPipeline>();
  }
  if (name == "sim") {
    RECURD_ASSIGN_OR_RETURN(auto pipeline, SimPipeline::Make(options.mapping, options.sim_exact, options.timing_file));
    return pipeline;
  }
  if (name == "xrt") {
    return absl::UnimplementedError(
        absl::StrCat("this binary was built without the pipeline \"", name, "\"; it has: cpu, sim"));
  }
  return absl::InvalidArgumentError(absl::StrCat("no pipeline is called \"", name, "\"; choose one of cpu, sim, xrt"));
}

}  // namespace recurd
