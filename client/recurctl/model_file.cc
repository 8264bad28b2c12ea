#include "client/recurctl/model_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/format/onnx_import.h"

namespace recurd {
namespace {

namespace fs = std::filesystem;

constexpr char kModelFile[] = "model.onnx", kConfigFile[] = "config.pbtxt";

absl::StatusOr<std::string> Read(const fs::path& path, int64_t limit, const char* way_out) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat(path.string(), ": there is no such file; give an ONNX model"));
  }
  const auto size = fs::file_size(path, error);
  if (error || static_cast<int64_t>(size) > limit) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ": ", size, " bytes, but the limit is ", limit, "; ", way_out));
  }
  std::ifstream stream(path, std::ios::binary);
  std::string bytes(size, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(size));
  if (stream.gcount() == static_cast<std::streamsize>(size)) return bytes;
  return absl::NotFoundError(absl::StrCat(path.string(), ": can't be read; give an ONNX model"));
}

bool IsVersion(const std::string& name) {
  return !name.empty() && name[0] != '0' && name.find_first_not_of("0123456789") == std::string::npos;
}

// DIR/name -> DIR/name/3, its highest version; other folders as they are.
fs::path HighestVersion(const fs::path& folder) {
  std::error_code error;
  int64_t highest = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    int64_t version = 0;
    const std::string name = entry->path().filename().string();
    if (IsVersion(name) && absl::SimpleAtoi(name, &version)) highest = std::max(highest, version);
  }
  return highest == 0 ? folder : folder / absl::StrCat(highest);
}

fs::path FindModel(const fs::path& where) {
  std::error_code error;
  if (!fs::is_directory(where, error)) return where;
  return (fs::exists(where / kModelFile, error) ? where : HighestVersion(where)) / kModelFile;
}

absl::Status Prefixed(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<ModelConfig> ReadConfig(const std::string& path) {
  RECURD_ASSIGN_OR_RETURN(const std::string text, Read(path, kMaxConfigFileBytes, "leave out what isn't needed"));
  absl::StatusOr<ModelConfig> config = ParseModelConfig(text);
  return config.ok() ? config : Prefixed(path, config.status());
}

}  // namespace

absl::StatusOr<ModelFile> ReadModelFile(const std::string& where) {
  ModelFile file;
  const fs::path path = FindModel(where);
  file.path = path.string();
  RECURD_ASSIGN_OR_RETURN(file.bytes, Read(path, kMaxOnnxFileBytes, "keep optimizer state out of the file"));
  const fs::path folder = fs::absolute(path).lexically_normal().parent_path();
  const bool in_repository = path.filename() == kModelFile && IsVersion(folder.filename().string());
  file.name = in_repository ? folder.parent_path().filename().string() : path.stem().string();
  file.version = in_repository ? folder.filename().string() : "1";
  const fs::path config = (in_repository ? folder.parent_path() : path.parent_path()) / kConfigFile;
  std::error_code error;
  if (!fs::exists(config, error)) return file;
  file.config_path = config.string();
  file.config = ReadConfig(file.config_path);
  if (!in_repository && file.config.ok() && !file.config->name.empty()) file.name = file.config->name;
  return file;
}

absl::StatusOr<Model> ImportModelFile(const ModelFile& file, ImportTrace* trace) {
  absl::StatusOr<Model> model = ImportOnnx(file.bytes, file.name, file.version, trace);
  if (!model.ok()) return Prefixed(file.path, model.status());
  RECURD_RETURN_IF_ERROR(file.config.status());
  if (file.config_path.empty()) return model;
  if (absl::Status status = ApplyModelConfig(*file.config, &*model); !status.ok()) {
    return Prefixed(file.config_path, status);
  }
  return model;
}

}  // namespace recurd
