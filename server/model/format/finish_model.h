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

// The parts of it that a model of passes (finish_passes.h) is made with as well.

inline constexpr int kMaxFrameSize = 1 << 24;

// The outputs, each in one run of the frame; and the states named that they show as they are.
absl::StatusOr<std::vector<TensorSpec>> AddOutputs(Program& program, const std::vector<NamedValue>& outputs);
// Errors: INVALID_ARGUMENT if no op is a recurrent layer.
absl::Status CheckHasLayer(const Program& program);
// A model of a simplified program's ops, states, frame and constants. The tensors' rows are left as they are.
// `each_step`: outputs with a time axis are wanted at every step, as the state is.
absl::StatusOr<Model> LayOutStep(Program program, std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs,
                                 bool each_step, const std::vector<StateInputSpec>& state_inputs);
// Puts tensors one behind the other. Returns the row's size.
int LayOutRow(std::vector<TensorSpec>& tensors);
// Weights, and biases that are not all zero.
int64_t CountParameters(const std::vector<Op>& ops);
int64_t CountParameters(const std::vector<float>& constant);

}  // namespace recurd::format
