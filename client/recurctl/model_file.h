#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/model/format/config.h"
#include "server/model/format/import_trace.h"
#include "server/model/model.h"

namespace recurd {

// A model as commands that work without a daemon are given it.
struct ModelFile {
  std::string path;  // of the ONNX file
  std::string bytes;
  std::string name, version;  // by its folders in a repository; else the file's name, and "1"
  std::string config_path;    // empty: there is none
  absl::StatusOr<ModelConfig> config = ModelConfig();
};

// `where`: an ONNX file, a repository's DIR/name/version, or DIR/name for the highest version. A config.pbtxt counts
// where a repository has it, and beside a file that is in none.
// Errors: NOT_FOUND if there is nothing to read; INVALID_ARGUMENT if it is too large.
absl::StatusOr<ModelFile> ReadModelFile(const std::string& where);

// Imports it as the daemon would, with its configuration. `trace`: as ImportOnnx has it, or null.
// Errors: INVALID_ARGUMENT with the path of the file that is at fault.
absl::StatusOr<Model> ImportModelFile(const ModelFile& file, ImportTrace* trace);

}  // namespace recurd
