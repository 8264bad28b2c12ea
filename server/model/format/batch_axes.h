#pragma once

#include "server/model/format/graph.h"
#include "server/model/model.h"

namespace recurd::format {

// Finds the batch axis of each of the model's tensors (TensorSpec::batch_axis): the only axis that the file leaves
// dynamic and that isn't time. Left at -1 where the file declares no axes, or leaves several dynamic. It is taken for
// granted that the graph keeps the sequences along it apart, as exporters' dynamic batches do: a softmax over the batch
// itself would see one sequence at a time.
void FindBatchAxes(const Graph& graph, Model* model);

}  // namespace recurd::format
