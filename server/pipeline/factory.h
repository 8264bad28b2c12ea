#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// The one place that knows which pipelines this binary was built with.
// Errors: INVALID_ARGUMENT for a name that isn't a pipeline; UNIMPLEMENTED for one this build doesn't have.
absl::StatusOr<std::unique_ptr<Pipeline>> MakePipeline(const std::string& name);

}  // namespace recurd
