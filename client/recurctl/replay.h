#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/recurctl/recording.h"

namespace recurd {

// What computes the chunks of a recording again.
class Replayer {
 public:
  virtual ~Replayer() = default;
  // The outputs that the recording's `outputs` setting selects: [rows][output_size].
  virtual absl::StatusOr<std::vector<float>> Run(const v1::Chunk& chunk) = 0;
};

// On this machine, without a daemon: the model from a repository, on a pipeline of this binary.
// Errors: NOT_FOUND for the model; FAILED_PRECONDITION where fingerprint or numerics profile aren't the recording's, or
// the state it begins with fits no such model.
absl::StatusOr<std::unique_ptr<Replayer>> MakeLocalReplayer(const RecordingHeader& header,
                                                            const std::string& model_repository,
                                                            const std::string& pipeline, const std::string& mapping);

}  // namespace recurd
