#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/recurctl/flags.h"
#include "proto/recurd/v1/recurd.pb.h"

namespace recurd {

void AddOutputFormatFlag(FlagSet* flags, std::string* format);

// A name for each float of a model's output row: the tensor's own, with [i] where it has several.
std::vector<std::string> OutputNames(const v1::GetModelResponse& model);

// Writes one line an output row: CSV with a header (sequence,step,NAMES) or JSON lines. Floats are the shortest
// decimals that read back as the same bits.   Threads: one.
class RowOutput {
 public:
  // `format`: "csv" or "json". `file` stays the caller's.
  RowOutput(std::FILE* file, const std::string& format, std::vector<std::string> names);

  // values: [output_size].
  void Write(const std::string& sequence, uint64_t step, absl::Span<const float> values);
  // Hands all rows to the system.   Errors: when it takes no more (a full disk, a closed pipe).
  absl::Status Flush();

 private:
  void WriteHeader();

  std::FILE* const file_;
  const bool json_;
  const std::vector<std::string> names_;
  bool header_written_ = false;
  std::string line_;
};

}  // namespace recurd
