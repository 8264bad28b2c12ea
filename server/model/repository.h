#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/model/format/config.h"
#include "server/model/model.h"

namespace recurd {

// A folder of models in Triton's form:
//
//   DIR/<name>/<version>/model.onnx     name: [A-Za-z0-9_.-]+ without a dot in front; version: 1, 2, 3, ...
//   DIR/<name>/config.pbtxt             optional (format/config.h)
//
// deploy/models/repository.md says it to its users.
// Other files are left alone, as is everything whose name starts with a dot. Symbolic links are followed as long as
// they stay inside DIR. Reads the disk at each call: what it finds is as new as the call. Threads: any (admin thread).
class ModelRepository {
 public:
  // Errors: NOT_FOUND if there is no such folder.
  static absl::StatusOr<ModelRepository> Open(const std::string& dir);

  // A model's folder.
  struct Entry {
    std::string name;
    std::vector<int64_t> versions;  // those that the version policy chooses, newest first
    absl::Status status;            // why there are none, else OK
  };
  // All models by name. Errors: NOT_FOUND if there are none.
  absl::StatusOr<std::vector<Entry>> Scan() const;

  // Reads one version of one model, or with an empty version the newest that the version policy chooses. Both words may
  // come from a client.
  // Errors: INVALID_ARGUMENT for a bad name, version or file; NOT_FOUND if there is none.
  absl::StatusOr<std::shared_ptr<const Model>> Load(absl::string_view name, absl::string_view version) const;
  // Reads all versions of one model that the version policy chooses, newest first, or none of them.
  // Errors: as Load's.
  absl::StatusOr<std::vector<std::shared_ptr<const Model>>> LoadChosen(absl::string_view name) const;

  // Reads all that the version policies choose. Errors: those of the first model that can't be loaded, with its name.
  absl::StatusOr<std::vector<std::shared_ptr<const Model>>> LoadAll() const;

 private:
  explicit ModelRepository(std::filesystem::path root) : root_(std::move(root)) {}

  Entry ScanModel(const std::string& name) const;
  absl::StatusOr<std::vector<int64_t>> ChooseVersions(const std::string& name, const VersionPolicy& policy) const;
  absl::StatusOr<ModelConfig> ReadConfig(const std::string& name) const;
  absl::StatusOr<std::shared_ptr<const Model>> LoadVersion(const std::string& name, int64_t version,
                                                           const ModelConfig& config) const;
  // Errors: NOT_FOUND, or INVALID_ARGUMENT if it is no regular file inside the repository or larger than `limit`.
  absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, int64_t limit) const;

  std::filesystem::path root_;  // canonical
};

// LoadAll of a folder.   Errors: as Open's and LoadAll's.
absl::StatusOr<std::vector<std::shared_ptr<const Model>>> LoadRepository(const std::string& dir);

}  // namespace recurd
