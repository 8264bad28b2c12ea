// A configuration is whatever somebody put beside a model: it must be refused or understood, and compared with any
// graph.
#include <cstdint>

#include "server/model/format/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto config = recurd::ParseModelConfig({reinterpret_cast<const char*>(data), size});
  if (!config.ok()) return 0;
  recurd::Model model{.name = "digits"};
  model.inputs.push_back({.name = "pixels", .shape = {-1, 1, 8}});
  model.outputs.push_back({.name = "logits", .shape = {-1, 1, 10}});
  (void)recurd::ApplyModelConfig(*config, &model);
  return 0;
}
