// A model file is whatever somebody put into the repository: import must refuse it or give a program that keeps to its
// own buffers and runs.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "server/model/evaluate.h"
#include "server/model/format/onnx_import.h"
#include "server/model/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kSteps = 3;
  const auto model = recurd::ImportOnnx({reinterpret_cast<const char*>(data), size}, "fuzz", "1");
  if (!model.ok()) return 0;
  if (!recurd::ValidateModel(*model).ok()) std::abort();
  const std::vector<float> inputs(static_cast<size_t>(kSteps) * model->input_size, 0.5f);
  std::vector<float> outputs(static_cast<size_t>(kSteps) * model->output_size);
  std::vector<float> state = model->initial_state;
  recurd::Evaluate<float>(*model, inputs.data(), kSteps, state.data(), outputs.data());
  return 0;
}
