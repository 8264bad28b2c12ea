#include "server/model/repository.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/model/format/onnx_import.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;

absl::Status CheckName(absl::string_view name) {
  constexpr size_t kMaxNameLength = 128;
  const bool has_only_known = std::all_of(
      name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-'; });
  if (!name.empty() && name[0] != '.' && has_only_known && name.size() <= kMaxNameLength) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("a model's name is 1 to ", kMaxNameLength,
                                                 " letters, digits, '_', '.' or '-' without a dot in front; found '",
                                                 absl::CHexEscape(name.substr(0, kMaxNameLength)), "'"));
}

absl::StatusOr<int64_t> ParseVersion(absl::string_view text) {
  int64_t version = 0;
  const bool is_plain = std::all_of(text.begin(), text.end(), absl::ascii_isdigit) && !text.empty() && text[0] != '0';
  if (is_plain && absl::SimpleAtoi(text, &version)) return version;
  return absl::InvalidArgumentError(absl::StrCat("a version is a positive whole number without leading zeros; found '",
                                                 absl::CHexEscape(text.substr(0, 32)), "'"));
}

// The names of the folders in a folder, sorted, without hidden ones. Errors: NOT_FOUND.
absl::StatusOr<std::vector<std::string>> ListFolders(const fs::path& dir) {
  constexpr size_t kMaxFolderCount = 65536;
  std::error_code error;
  std::vector<std::string> names;
  for (auto it = fs::directory_iterator(dir, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    const std::string name = it->path().filename().string();
    if (name[0] != '.' && it->is_directory(ignored)) names.push_back(name);
    if (names.size() > kMaxFolderCount) {
      return absl::InvalidArgumentError(absl::StrCat(dir.string(), " has more than ", kMaxFolderCount, " folders"));
    }
  }
  if (error) return absl::NotFoundError(absl::StrCat("can't read the folder ", dir.string(), ": ", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status Prefixed(absl::string_view prefix, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(prefix, ": ", status.message()));
}

}  // namespace

absl::StatusOr<ModelRepository> ModelRepository::Open(const std::string& dir) {
  std::error_code error;
  fs::path root = fs::canonical(dir, error);
  if (error || !fs::is_directory(root, error)) {
    return absl::NotFoundError(absl::StrCat("the model repository '", dir, "' is no folder that can be read",
                                            error ? absl::StrCat(": ", error.message()) : ""));
  }
  return ModelRepository(std::move(root));
}

absl::StatusOr<std::string> ModelRepository::ReadFile(const fs::path& path, int64_t limit) const {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return absl::NotFoundError(absl::StrCat(path.string(), ": ", error.message()));
  const auto [end, unused] = std::mismatch(root_.begin(), root_.end(), real.begin(), real.end());
  if (end != root_.end()) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), " leads out of the model repository"));
  }
  // A pipe or a device could block the reader for ever.
  if (!fs::is_regular_file(real, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), " is no regular file"));
  }
  const auto size = static_cast<int64_t>(fs::file_size(real, error));
  if (error || size > limit) {
    return absl::InvalidArgumentError(absl::StrCat(
        path.string(), " has ", error ? "an unknown number of" : absl::StrCat(size), " bytes; the limit is ", limit));
  }
  std::string bytes(size, '\0');
  std::ifstream file(real, std::ios::binary);
  if (!file.read(bytes.data(), size)) return absl::InvalidArgumentError(absl::StrCat("can't read ", path.string()));
  return bytes;
}

absl::StatusOr<ModelConfig> ModelRepository::ReadConfig(const std::string& name) const {
  const fs::path path = root_ / name / "config.pbtxt";
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxConfigFileBytes);
  if (absl::IsNotFound(text.status())) return ModelConfig();
  RECURD_RETURN_IF_ERROR(text.status());
  absl::StatusOr<ModelConfig> config = ParseModelConfig(*text);
  if (!config.ok()) return Prefixed(path.string(), config.status());
  return config;
}

absl::StatusOr<std::vector<int64_t>> ModelRepository::ChooseVersions(const std::string& name,
                                                                     const VersionPolicy& policy) const {
  const fs::path dir = root_ / name;
  RECURD_ASSIGN_OR_RETURN(const std::vector<std::string> folders, ListFolders(dir));
  std::vector<int64_t> versions;
  for (const std::string& folder : folders) {
    const absl::StatusOr<int64_t> version = ParseVersion(folder);
    if (!version.ok()) return Prefixed((dir / folder).string(), version.status());
    versions.push_back(*version);
  }
  std::sort(versions.begin(), versions.end(), std::greater<>());
  if (versions.empty()) {
    return absl::NotFoundError(
        absl::StrCat(dir.string(), " has no version: expected ", (dir / "1/model.onnx").string()));
  }
  if (policy.kind == VersionPolicy::Kind::kLatest && static_cast<int64_t>(versions.size()) > policy.count) {
    versions.resize(policy.count);
  }
  if (policy.kind != VersionPolicy::Kind::kSpecific) return versions;
  for (int64_t wanted : policy.versions) {
    if (std::count(versions.begin(), versions.end(), wanted) > 0) continue;
    return absl::NotFoundError(absl::StrCat(dir.string(), " has no version ", wanted,
                                            ", which its config.pbtxt names; it has ", absl::StrJoin(versions, ", ")));
  }
  std::erase_if(versions, [&](int64_t version) {
    return std::count(policy.versions.begin(), policy.versions.end(), version) == 0;
  });
  return versions;
}

ModelRepository::Entry ModelRepository::ScanModel(const std::string& name) const {
  const auto choose = [&]() -> absl::StatusOr<std::vector<int64_t>> {
    if (absl::Status status = CheckName(name); !status.ok()) return Prefixed((root_ / name).string(), status);
    RECURD_ASSIGN_OR_RETURN(const ModelConfig config, ReadConfig(name));
    return ChooseVersions(name, config.version_policy);
  };
  absl::StatusOr<std::vector<int64_t>> versions = choose();
  Entry entry{.name = name, .status = versions.status()};
  if (versions.ok()) entry.versions = *std::move(versions);
  return entry;
}

absl::StatusOr<std::vector<ModelRepository::Entry>> ModelRepository::Scan() const {
  RECURD_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolders(root_));
  if (names.empty()) {
    return absl::NotFoundError(absl::StrCat("the model repository ", root_.string(), " holds no models: expected ",
                                            (root_ / "<name>/1/model.onnx").string()));
  }
  std::vector<Entry> entries;
  for (const std::string& name : names) entries.push_back(ScanModel(name));
  return entries;
}

absl::StatusOr<std::shared_ptr<const Model>> ModelRepository::Load(absl::string_view name,
                                                                   absl::string_view version) const {
  RECURD_RETURN_IF_ERROR(CheckName(name));
  const std::string model_name(name);
  RECURD_ASSIGN_OR_RETURN(const ModelConfig config, ReadConfig(model_name));
  if (!version.empty()) {
    RECURD_ASSIGN_OR_RETURN(const int64_t number, ParseVersion(version));
    return LoadVersion(model_name, number, config);
  }
  RECURD_ASSIGN_OR_RETURN(const std::vector<int64_t> versions, ChooseVersions(model_name, config.version_policy));
  return LoadVersion(model_name, versions.front(), config);
}

absl::StatusOr<std::vector<std::shared_ptr<const Model>>> ModelRepository::LoadChosen(absl::string_view name) const {
  RECURD_RETURN_IF_ERROR(CheckName(name));
  const std::string model_name(name);
  RECURD_ASSIGN_OR_RETURN(const ModelConfig config, ReadConfig(model_name));
  RECURD_ASSIGN_OR_RETURN(const std::vector<int64_t> versions, ChooseVersions(model_name, config.version_policy));
  std::vector<std::shared_ptr<const Model>> models;
  for (int64_t version : versions) {
    RECURD_ASSIGN_OR_RETURN(auto model, LoadVersion(model_name, version, config));
    models.push_back(std::move(model));
  }
  return models;
}

absl::StatusOr<std::shared_ptr<const Model>> ModelRepository::LoadVersion(const std::string& name, int64_t version,
                                                                          const ModelConfig& config) const {
  const std::string number = absl::StrCat(version);
  const fs::path path = root_ / name / number / "model.onnx";
  RECURD_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxOnnxFileBytes));
  absl::StatusOr<Model> model = ImportOnnx(bytes, name, number);
  if (!model.ok()) return Prefixed(path.string(), model.status());
  if (absl::Status status = ApplyModelConfig(config, &*model); !status.ok()) {
    return Prefixed((root_ / name / "config.pbtxt").string(), status);
  }
  return std::make_shared<const Model>(*std::move(model));
}

absl::StatusOr<std::vector<std::shared_ptr<const Model>>> ModelRepository::LoadAll() const {
  RECURD_ASSIGN_OR_RETURN(const std::vector<Entry> entries, Scan());
  std::vector<std::shared_ptr<const Model>> models;
  for (const Entry& entry : entries) {
    RECURD_RETURN_IF_ERROR(entry.status);
    RECURD_ASSIGN_OR_RETURN(const auto versions, LoadChosen(entry.name));
    models.insert(models.end(), versions.begin(), versions.end());
  }
  return models;
}

absl::StatusOr<std::vector<std::shared_ptr<const Model>>> LoadRepository(const std::string& dir) {
  RECURD_ASSIGN_OR_RETURN(const ModelRepository repository, ModelRepository::Open(dir));
  return repository.LoadAll();
}

}  // namespace recurd
