#pragma once

#include <vector>

#include "server/model/format/program.h"
#include "server/model/model.h"

namespace recurd::format {

// Takes out what no output needs, and adds biases to the products they follow. `outputs` have their frame spans.
void Simplify(Program& program, const std::vector<TensorSpec>& outputs);

}  // namespace recurd::format
