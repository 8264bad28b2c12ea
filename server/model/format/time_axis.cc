#include "server/model/format/time_axis.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/string_view.h"

namespace recurd::format {
namespace {

bool IsRecurrent(const Node& node) { return node.op() == "GRU" || node.op() == "LSTM" || node.op() == "RNN"; }
bool PassesShapeOnly(const Node& node) { return node.op() == "Shape" || node.op() == "Size"; }

using Producers = std::unordered_map<std::string, const Node*>;

// The names that `found` depends on, itself included. A recurrent node passes on only what its X depends on.
void Trace(const Producers& producers, std::vector<std::string> open, std::unordered_set<std::string>& found) {
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (name.empty() || !found.insert(name).second) continue;
    const auto producer = producers.find(name);
    if (producer == producers.end() || PassesShapeOnly(*producer->second)) continue;
    const Node& node = *producer->second;
    const int count = IsRecurrent(node) ? 1 : node.input_count();
    for (int i = 0; i < count; ++i) open.push_back(node.input(i));
  }
}

std::vector<int> Candidates(const Port& port) {
  std::vector<int> candidates;
  for (const bool is_dynamic : {true, false}) {
    for (size_t axis = 0; axis < port.sizes.size(); ++axis) {
      if ((port.sizes[axis] == -1) == is_dynamic) candidates.push_back(static_cast<int>(axis));
    }
  }
  return candidates;
}

// The length of time that all inputs agree on: outer empty if they don't, inner empty if it is dynamic.
std::optional<StepCount> AgreedSteps(const Graph& graph, const std::vector<int>& time_axes) {
  StepCount steps;
  for (size_t i = 0; i < time_axes.size(); ++i) {
    const int64_t size = time_axes[i] < 0 ? -1 : graph.inputs[i].sizes[time_axes[i]];
    if (size == -1) continue;
    if (steps && *steps != size) return std::nullopt;
    steps = size;
  }
  return steps;
}

}  // namespace

std::vector<bool> FindStateInputs(const Graph& graph) {
  Producers producers;
  std::vector<std::string> initial_states, step_inputs;
  for (const Node& node : graph.nodes) {
    for (int i = 0; i < node.output_count(); ++i) producers.emplace(node.output(i), &node);
    if (!IsRecurrent(node)) continue;
    step_inputs.push_back(node.input(0));
    for (int i : {5, 6}) initial_states.push_back(node.input(i));
  }
  std::unordered_set<std::string> reach_states, reach_steps;
  Trace(producers, std::move(initial_states), reach_states);
  Trace(producers, std::move(step_inputs), reach_steps);
  std::vector<bool> is_state_input;
  for (const Port& port : graph.inputs) {
    is_state_input.push_back(reach_states.count(port.name) > 0 && reach_steps.count(port.name) == 0);
  }
  return is_state_input;
}

std::vector<TimeAxisGuess> GuessTimeAxes(const Graph& graph, const std::vector<bool>& is_state_input) {
  constexpr size_t kMaxGuessCount = 64;
  std::vector<std::vector<int>> guesses = {{}};
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const std::vector<int> candidates = is_state_input[i] ? std::vector<int>{-1} : Candidates(graph.inputs[i]);
    std::vector<std::vector<int>> longer;
    for (int candidate : candidates) {
      for (const std::vector<int>& guess : guesses) {
        if (longer.size() == kMaxGuessCount) break;
        longer.push_back(guess);
        longer.back().push_back(candidate);
      }
    }
    guesses = std::move(longer);
  }
  std::vector<TimeAxisGuess> agreed;
  for (std::vector<int>& guess : guesses) {
    if (const auto steps = AgreedSteps(graph, guess)) agreed.push_back({std::move(guess), *steps});
  }
  return agreed;
}

}  // namespace recurd::format
