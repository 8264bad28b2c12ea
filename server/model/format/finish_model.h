#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/model/format/program.h"
#include "server/model/format/value.h"
#include "server/model/model.h"

namespace recurd::format {

struct NamedValue {
  std::string name;
  Value value;  // computed
};

// Makes a model of a program: takes out what no output needs, adds biases to the products they follow, puts what the
// state needs first, and lays frame, state and rows out without gaps. `inputs` have their frame spans and shapes.
// Errors: INVALID_ARGUMENT if no output needs a recurrent layer, or the frame is too large.
absl::StatusOr<Model> FinishModel(Program program, std::vector<TensorSpec> inputs,
                                  const std::vector<NamedValue>& outputs, std::vector<StateInputSpec> state_inputs);

}  // namespace recurd::format
