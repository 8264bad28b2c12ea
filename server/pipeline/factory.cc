#include "server/pipeline/factory.h"

#include "absl/strings/str_cat.h"
#include "server/pipeline/cpu/cpu_pipeline.h"

namespace recurd {

absl::StatusOr<std::unique_ptr<Pipeline>> MakePipeline(const std::string& name) {
  if (name == "cpu") return std::make_unique<CpuPipeline>();
  if (name == "sim" || name == "xrt") {
    return absl::UnimplementedError(
        absl::StrCat("this binary was built without the pipeline \"", name, "\"; it has: cpu"));
  }
  return absl::InvalidArgumentError(absl::StrCat("no pipeline is called \"", name, "\"; choose one of cpu, sim, xrt"));
}

}  // namespace recurd
