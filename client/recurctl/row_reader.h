#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/recurctl/input_file.h"

namespace recurd {

// One timestep of an input.
struct InputRow {
  // What the column `sequence` says; "0" throughout if there is none.
  std::string sequence;
  std::vector<float> values;  // [input_size]
};

// An input's rows in order. Read gives false at the end.   Errors name the line (or byte) and what is wrong with it.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual absl::StatusOr<bool> Read(InputRow* row) = 0;
};

// CSV: a first line with anything but numbers in it is a header; empty lines and lines that begin with # are skipped.
// The column named `sequence` delimits sequences; of the others, `columns` (names and ranges, "a,b,p0-p7"; without a
// header the columns are named 0, 1, ...) are the inputs in that order, all of them if it is empty.
std::unique_ptr<RowReader> MakeCsvReader(InputFile* file, std::string columns, size_t input_size);

// Little-endian binary32, rows of input_size one behind the other; one sequence.
std::unique_ptr<RowReader> MakeF32Reader(InputFile* file, size_t input_size);

}  // namespace recurd
