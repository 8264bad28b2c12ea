#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/recurctl/flags.h"
#include "client/recurctl/input_file.h"
#include "client/recurctl/row_reader.h"

namespace recurd {

// The flags that say where rows come from.
struct InputFlags {
  std::string input;
  std::string format = "csv";
  std::string columns;

  void AddTo(FlagSet* flags);
  std::unique_ptr<RowReader> MakeReader(InputFile* file, size_t input_size) const;
};

}  // namespace recurd
