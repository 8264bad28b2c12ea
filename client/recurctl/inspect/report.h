#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/recurctl/model_file.h"
#include "server/model/accuracy.h"
#include "server/model/format/outline.h"
#include "server/model/model.h"

namespace recurd {

// What became of a node of the graph.
enum class NodeFate {
  kServed,       // computed at every step
  kFolded,       // constant: computed once, at load
  kRefused,      // import stopped at it
  kUnsupported,  // an operator that isn't served at all
  kUnknown,      // behind the refused node
};
enum class NodeFamily { kRecurrent, kMatrix, kArithmetic, kShape };

struct NodeReport {
  const GraphOutline::Node* node = nullptr;
  NodeFate fate = NodeFate::kUnknown;
  NodeFamily family = NodeFamily::kArithmetic;
  std::vector<std::string> in_shapes, out_shapes;  // of what isn't constant; unknown ones left out
  int64_t parameters = 0;                          // elements of its constant float operands
  int64_t macs = 0;                                // multiply-accumulates a step
  std::string reason;                              // of a refusal
};

// A step's work and memory.
struct StepTotals {
  int64_t macs = 0;
  int64_t flops = 0;         // two for each of macs, and one for each element of all else that computes
  int64_t weight_bytes = 0;  // matrices as they are stored, biases and constants as floats
  int64_t frame_bytes = 0;   // what a step computes in
  int64_t state_bytes = 0;   // a session's
  int64_t op_count = 0;
  int64_t hot_bytes() const { return weight_bytes + frame_bytes + state_bytes; }
};

struct InspectReport {
  std::string path, config_path, name, version;
  int64_t file_bytes = 0;
  std::string error;           // empty: it is served
  std::optional<Model> model;  // what is served
  GraphOutline graph;
  std::vector<NodeReport> nodes;  // of graph.nodes, in its order; point into it
  StepTotals totals;
  Accuracy accuracy;

  bool is_served() const { return model.has_value(); }
};

// What is known of a model file, whether or not it can be served.
// Errors: those of a file that holds no graph at all.
absl::StatusOr<std::unique_ptr<InspectReport>> Inspect(const ModelFile& file);

// One step of a program. Of a model that has passes: one of each.
StepTotals TotalsOf(const Model& model);
// Its recurrent layers in the order they run.
std::vector<const RecurrentOp*> LayersOf(const Model& model);

// The report as text, and as one JSON object.
std::string InspectText(const InspectReport& report);
std::string InspectJson(const InspectReport& report);

// Text with its middle left out if it is longer than `limit` characters.
std::string Shortened(const std::string& text, size_t limit);

}  // namespace recurd
