#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/model/model.h"

namespace recurd {

// config.pbtxt: Triton's model configuration in protobuf text format, of which these fields are understood. A file is
// optional; so is each field. Any other field is an error that names it and its line.
//
//   field                            values                             meaning
//   name                             the model's folder                 checked
//   platform                         onnxruntime_onnx                   checked
//   backend                          onnxruntime                        checked
//   max_batch_size                   0 or 1                             0: dims are whole shapes; 1: without the batch,
//                                                                       which must be the first axis
//   input, output { name             a tensor of the graph              checked against the graph, as are the next two;
//                                                                       if any input (output) is listed, all must be
//                   data_type        TYPE_FP32
//                   dims }           -1 for time, and for a dynamic batch
//   version_policy { latest { num_versions: N }                         the N highest versions; the default, with N = 1
//                    all {}                                             all versions
//                    specific { versions: [..] } }                      these; one that is missing is an error
//   parameters { key: "activation"                                      how sigmoid and tanh of the recurrent layers
//                value { string_value: "lut" } }                        are computed: lut, lut_interpolated,
//                                                                       piecewise_linear, cordic, polynomial (the
//                                                                       array's own: hw/README.md) or exact. Without
//                                                                       it, exact on the cpu, and as each mapping has
//                                                                       them on the array. Another key is an error
//
// Example: deploy/models/digits/config.pbtxt.
struct VersionPolicy {
  enum class Kind { kLatest, kAll, kSpecific };
  Kind kind = Kind::kLatest;
  int64_t count = 1;              // kLatest
  std::vector<int64_t> versions;  // kSpecific
};

struct TensorConfig {
  std::string name;
  std::string data_type;
  std::vector<int64_t> dims;
};

struct ModelConfig {
  std::string name;
  int max_batch_size = 0;
  std::vector<TensorConfig> inputs, outputs;
  VersionPolicy version_policy;
  std::optional<ActivationForm> activation;
};

inline constexpr int64_t kMaxConfigFileBytes = 1 << 20;

// Errors: INVALID_ARGUMENT naming the line, the field and what was expected.
absl::StatusOr<ModelConfig> ParseModelConfig(absl::string_view text);

// Compares a configuration with the graph that it stands beside. `model` has its name already.
// Errors: INVALID_ARGUMENT naming what the two say.
absl::Status CheckModelConfig(const ModelConfig& config, const Model& model);

}  // namespace recurd
