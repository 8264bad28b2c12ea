#include "client/recurctl/row_output.h"

#include <cerrno>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

void AppendFloat(std::string* line, float value) {
  char text[32];
  line->append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

}  // namespace

void AddOutputFormatFlag(FlagSet* flags, std::string* format) {
  flags->AddChoice("output_format", format, {"csv", "json"},
                   "Form of the output lines on stdout; json: one object a line.");
}

std::vector<std::string> OutputNames(const v1::GetModelResponse& model) {
  std::vector<std::string> names;
  for (const auto& tensor : model.outputs()) {
    for (uint32_t i = 0; i < tensor.row_size() && names.size() < model.output_size(); ++i) {
      names.push_back(tensor.row_size() == 1 ? tensor.name() : absl::StrCat(tensor.name(), "[", i, "]"));
    }
  }
  return names;
}

RowOutput::RowOutput(std::FILE* file, const std::string& format, std::vector<std::string> names)
    : file_(file), json_(format == "json"), names_(std::move(names)) {}

void RowOutput::WriteHeader() {
  header_written_ = true;
  if (!json_) line_ = absl::StrCat("sequence,step,", absl::StrJoin(names_, ","), "\n");
}

void RowOutput::Write(const std::string& sequence, uint64_t step, absl::Span<const float> values) {
  line_.clear();
  if (!header_written_) WriteHeader();
  if (json_) {
    absl::StrAppend(&line_, "{\"sequence\":", JsonString(sequence), ",\"step\":", step, ",\"outputs\":[");
  } else {
    absl::StrAppend(&line_, sequence, ",", step, ",");
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line_ += ',';
    AppendFloat(&line_, values[i]);
  }
  line_ += json_ ? "]}\n" : "\n";
  std::fwrite(line_.data(), 1, line_.size(), file_);
}

absl::Status RowOutput::Flush() {
  if (std::fflush(file_) == 0 && !std::ferror(file_)) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "the output can't be written");
}

}  // namespace recurd
