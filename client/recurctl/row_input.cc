#include "client/recurctl/row_input.h"

namespace recurd {

void InputFlags::AddTo(FlagSet* flags) {
  flags->Add("input", &input, "File with one row of inputs a step; - reads stdin, row by row as they come.");
  flags->AddChoice("format", &format, {"csv", "f32"},
                   "csv: one row a line, a header or none; the column named sequence says where sequences begin. "
                   "f32: little-endian floats, one sequence.");
  flags->Add("columns", &columns,
             "CSV columns to use, names and ranges as a,p0-p7 (0-7 without a header); none: all but sequence.");
}

std::unique_ptr<RowReader> InputFlags::MakeReader(InputFile* file, size_t input_size) const {
  return format == "f32" ? MakeF32Reader(file, input_size) : MakeCsvReader(file, columns, input_size);
}

}  // namespace recurd
