#include "client/recurctl/row_reader.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/recurctl/columns.h"

namespace recurd {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr char kSequenceColumn[] = "sequence";

std::vector<std::string> SplitFields(const std::string& line) {
  std::vector<std::string> fields;
  for (absl::string_view field : absl::StrSplit(line, ',')) {
    field = absl::StripAsciiWhitespace(field);
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    fields.emplace_back(field);
  }
  return fields;
}

bool IsNumber(const std::string& field) {
  float value;
  return absl::SimpleAtof(field, &value);
}

class CsvReader final : public RowReader {
 public:
  CsvReader(InputFile* file, std::string columns, size_t input_size)
      : file_(file), columns_(std::move(columns)), input_size_(input_size) {}

  absl::StatusOr<bool> Read(InputRow* row) override {
    absl::StatusOr<bool> more = NextFields();
    if (!more.ok() || !*more) return more;
    if (names_.empty()) {
      const absl::StatusOr<bool> is_header = ReadHeader();
      if (!is_header.ok()) return is_header.status();
      if (*is_header) {
        more = NextFields();
        if (!more.ok() || !*more) return more;
      }
    }
    if (absl::Status status = Convert(row); !status.ok()) return status;
    return true;
  }

 private:
  absl::Status Error(const std::string& message) const {
    return absl::InvalidArgumentError(absl::StrCat("input line ", line_number_, ": ", message));
  }

  // The fields of the next line that has any.
  absl::StatusOr<bool> NextFields() {
    for (;;) {
      const absl::StatusOr<bool> more = file_->ReadLine(&line_);
      if (!more.ok() || !*more) return more;
      ++line_number_;
      const absl::string_view text = absl::StripAsciiWhitespace(line_);
      if (text.empty() || text.front() == '#') continue;
      fields_ = SplitFields(line_);
      return true;
    }
  }

  // Names the columns and chooses those to use. True if the line was a header.
  absl::StatusOr<bool> ReadHeader() {
    const bool is_header = !std::all_of(fields_.begin(), fields_.end(), IsNumber);
    names_ = fields_;
    for (size_t i = 0; !is_header && i < names_.size(); ++i) names_[i] = absl::StrCat(i);
    const auto sequence = std::find(names_.begin(), names_.end(), kSequenceColumn);
    if (sequence != names_.end()) sequence_ = static_cast<int>(sequence - names_.begin());
    auto used = ChooseColumns(names_, columns_, kSequenceColumn);
    if (!used.ok()) return used.status();
    used_ = *std::move(used);
    if (used_.size() != input_size_) {
      return Error(absl::StrCat("the model takes ", input_size_, " floats a step, the input gives ", used_.size(),
                                " of the columns ", absl::StrJoin(names_, ","), "; name those to use with --columns"));
    }
    return is_header;
  }

  absl::Status Convert(InputRow* row) const {
    if (fields_.size() != names_.size()) {
      return Error(absl::StrCat(fields_.size(), " columns, but the first line has ", names_.size()));
    }
    row->sequence = sequence_ < 0 ? "0" : fields_[sequence_];
    row->values.resize(input_size_);
    for (size_t i = 0; i < input_size_; ++i) {
      const std::string& field = fields_[used_[i]];
      if (!absl::SimpleAtof(field, &row->values[i])) {
        return Error(absl::StrCat("column ", names_[used_[i]], ": '", field, "' is not a number"));
      }
    }
    return absl::OkStatus();
  }

  InputFile* const file_;
  const std::string columns_;
  const size_t input_size_;
  std::string line_;
  int64_t line_number_ = 0;
  std::vector<std::string> fields_;
  std::vector<std::string> names_;  // empty until the first line has been read
  std::vector<int> used_;           // the column of each input
  int sequence_ = -1;
};

class F32Reader final : public RowReader {
 public:
  F32Reader(InputFile* file, size_t input_size) : file_(file), input_size_(input_size) {}

  absl::StatusOr<bool> Read(InputRow* row) override {
    row->sequence.assign(1, '0');
    row->values.resize(input_size_);
    const size_t size = input_size_ * sizeof(float);
    const absl::StatusOr<size_t> count = file_->ReadBytes(reinterpret_cast<char*>(row->values.data()), size);
    if (!count.ok()) return count.status();
    if (*count == size) {
      ++row_count_;
      return true;
    }
    if (*count == 0 || file_->interrupted()) return false;
    return absl::InvalidArgumentError(absl::StrCat("the input ends within a row: ", *count, " bytes after ", row_count_,
                                                   " rows of ", size, " bytes"));
  }

 private:
  InputFile* const file_;
  const size_t input_size_;
  int64_t row_count_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> MakeCsvReader(InputFile* file, std::string columns, size_t input_size) {
  return std::make_unique<CsvReader>(file, std::move(columns), input_size);
}

std::unique_ptr<RowReader> MakeF32Reader(InputFile* file, size_t input_size) {
  return std::make_unique<F32Reader>(file, input_size);
}

}  // namespace recurd
