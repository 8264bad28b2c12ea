#include "server/model/format/batch_axes.h"

#include <string>
#include <unordered_map>

namespace recurd::format {
namespace {

using Declared = std::unordered_map<std::string, const onnx::TensorShapeProto*>;

template <class Infos>
Declared ShapesOf(const Infos& infos) {
  Declared shapes;
  for (const onnx::ValueInfoProto& info : infos) {
    if (info.type().tensor_type().has_shape()) shapes[info.name()] = &info.type().tensor_type().shape();
  }
  return shapes;
}

// Sets the batch axis of each tensor; those declared otherwise than they turned out to be have none.
template <class Specs>
void Find(const Declared& declared, Specs& specs) {
  for (auto& spec : specs) {
    const auto found = declared.find(spec.name);
    if (found == declared.end() || found->second->dim_size() != static_cast<int>(spec.shape.size())) continue;
    int dynamic_count = 0, axis = -1;
    for (int i = 0; i < found->second->dim_size(); ++i) {
      const auto& dim = found->second->dim(i);
      const bool is_dynamic = !dim.has_dim_value() || dim.dim_value() < 1;
      if (!is_dynamic || spec.shape[i] != 1) continue;
      ++dynamic_count;
      axis = i;
    }
    if (dynamic_count == 1) spec.batch_axis = axis;
  }
}

}  // namespace

void FindBatchAxes(const Graph& graph, Model* model) {
  const Declared inputs = ShapesOf(graph.proto.graph().input());
  Find(inputs, model->inputs);
  Find(inputs, model->state_inputs);
  Find(ShapesOf(graph.proto.graph().output()), model->outputs);
}

}  // namespace recurd::format
