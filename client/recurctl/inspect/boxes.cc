#include "client/recurctl/inspect/boxes.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace recurd {
namespace {

using Weight = BoxLine::Weight;

constexpr size_t kNameLimit = 34, kShapeLimit = 44, kReasonWidth = 40, kReasonLines = 7;
constexpr double kMinWidth = 96, kPadding = 12, kLetter = 0.58;  // the last: of the font's size

std::string Joined(const std::vector<std::string>& shapes) { return absl::StrJoin(shapes, " "); }

std::string ShapesOf(const NodeReport& node) {
  if (node.out_shapes.empty()) return Joined(node.in_shapes);
  const auto is_same = [&](const std::string& shape) { return shape == node.out_shapes[0]; };
  if (node.out_shapes.size() == 1 && std::all_of(node.in_shapes.begin(), node.in_shapes.end(), is_same)) {
    return node.out_shapes[0];
  }
  return absl::StrCat(Joined(node.in_shapes), node.in_shapes.empty() ? "" : " to ", Joined(node.out_shapes));
}

BoxKind KindOf(const NodeReport& node) {
  switch (node.fate) {
    case NodeFate::kRefused:
      return BoxKind::kRefused;
    case NodeFate::kUnsupported:
      return BoxKind::kUnsupported;
    case NodeFate::kUnknown:
      return BoxKind::kUnknown;
    default:
      break;
  }
  switch (node.family) {
    case NodeFamily::kRecurrent:
      return BoxKind::kRecurrent;
    case NodeFamily::kMatrix:
      return BoxKind::kMatrix;
    case NodeFamily::kShape:
      return BoxKind::kShape;
    default:
      return BoxKind::kArithmetic;
  }
}

// "pass 1 forward, pass 2 backward": where a layer runs in a model of passes.
std::string PassesOf(const InspectReport& report, const GraphOutline::Node& node) {
  std::vector<std::string> passes;
  for (size_t i = 0; report.is_served() && i < report.model->passes.size(); ++i) {
    const Pass& pass = report.model->passes[i];
    const std::vector<const RecurrentOp*> layers = LayersOf(*pass.step);
    const bool is_here = std::any_of(layers.begin(), layers.end(), [&](const RecurrentOp* layer) {
      return layer->name == node.name || layer->name == absl::StrCat(node.name, ".reverse");
    });
    if (is_here) passes.push_back(absl::StrCat("pass ", i + 1, pass.backward ? " backward" : " forward"));
  }
  if (!passes.empty()) return absl::StrJoin(passes, ", ");
  if (node.direction == "reverse") return "backward";
  return node.direction == "bidirectional" ? "forward and backward" : "";
}

void AddLayerLines(const InspectReport& report, const GraphOutline::Node& node, std::vector<BoxLine>* lines) {
  if (const std::string passes = PassesOf(report, node); !passes.empty()) lines->push_back({passes, Weight::kMark});
  const std::string c = node.op == "LSTM" ? absl::StrCat(", c ", node.hidden_size) : "";
  const char* twice = node.direction == "bidirectional" ? ", each way" : "";
  lines->push_back({absl::StrCat("state h ", node.hidden_size, c, twice), Weight::kDetail});
}

Box NodeBox(const InspectReport& report, const NodeReport& node) {
  Box box{.kind = KindOf(node)};
  box.full_name = absl::StrCat(node.node->op, " ", node.node->name);
  const std::string shapes = Shortened(ShapesOf(node), kShapeLimit);
  if (box.is_small()) {
    const std::string shape = Shortened(Joined(node.out_shapes), kNameLimit);
    box.lines.push_back({absl::StrCat(Shortened(node.node->op, kNameLimit), " ", shape), Weight::kDetail});
    return box;
  }
  box.lines.push_back({Shortened(node.node->op, kNameLimit), Weight::kTitle});
  box.lines.push_back({Shortened(node.node->name, kNameLimit), Weight::kName});
  if (!shapes.empty()) box.lines.push_back({shapes, Weight::kDetail});
  if (node.family == NodeFamily::kRecurrent) AddLayerLines(report, *node.node, &box.lines);
  if (node.parameters > 0) box.lines.push_back({absl::StrCat(node.parameters, " parameters"), Weight::kDetail});
  for (const std::string& line : Wrapped(node.reason, kReasonWidth, kReasonLines)) {
    box.lines.push_back({line, Weight::kMark});
  }
  return box;
}

class BoxMaker {
 public:
  BoxMaker(const InspectReport& report, size_t max_links) : report_(report), max_links_(max_links) {}

  Boxes Make() {
    for (const int tensor : report_.graph.inputs) AddInput(tensor);
    for (const NodeReport& node : report_.nodes) AddNode(node);
    for (const int tensor : report_.graph.outputs) AddOutput(tensor);
    return std::move(out_);
  }

 private:
  const GraphOutline::Tensor& Tensor(int number) const { return report_.graph.tensors[number]; }

  int Add(Box box) {
    out_.boxes.push_back(std::move(box));
    return static_cast<int>(out_.boxes.size()) - 1;
  }

  Box PortBox(BoxKind kind, int tensor) {
    Box box{.kind = kind, .full_name = Tensor(tensor).name};
    box.lines.push_back({Shortened(Tensor(tensor).name, kNameLimit), Weight::kTitle});
    const std::string& shape = Tensor(tensor).shape;
    if (!shape.empty()) box.lines.push_back({Shortened(shape, kShapeLimit), Weight::kDetail});
    return box;
  }

  void AddInput(int tensor) {
    const GraphOutline::Role role = Tensor(tensor).role;
    const BoxKind kind = role == GraphOutline::Role::kState      ? BoxKind::kStateInput
                         : role == GraphOutline::Role::kConstant ? BoxKind::kLengthInput
                                                                 : BoxKind::kInput;
    producers_.emplace(tensor, Producer{Add(PortBox(kind, tensor)), 0});
  }

  void AddNode(const NodeReport& node) {
    if (node.fate == NodeFate::kFolded) {
      ++out_.folded_count;
      return;
    }
    const int box = Add(NodeBox(report_, node));
    for (const int input : node.node->inputs) AddLink(input, box);
    for (size_t i = 0; i < node.node->outputs.size(); ++i) {
      producers_.emplace(node.node->outputs[i], Producer{box, static_cast<int>(i), node.node});
    }
  }

  void AddOutput(int tensor) {
    const int box = Add(PortBox(BoxKind::kOutput, tensor));
    AddLink(tensor, box);
  }

  // One line between two boxes, however many values go that way.
  void AddLink(int tensor, int box) {
    if (out_.links.size() == max_links_) return;
    const auto producer = tensor < 0 ? producers_.end() : producers_.find(tensor);
    if (producer == producers_.end() || !linked_.insert({producer->second.box, box}).second) return;
    out_.links.push_back(
        {producer->second.box, box, LabelOf(producer->second), Tensor(tensor).role == GraphOutline::Role::kLastStep});
  }

  struct Producer {
    int box, output;
    const GraphOutline::Node* node = nullptr;
  };
  static std::string LabelOf(const Producer& producer) {
    if (producer.node == nullptr || producer.node->direction.empty() || producer.output == 0) return "";
    return producer.output == 1 ? "Y_h" : "Y_c";
  }

  const InspectReport& report_;
  const size_t max_links_;
  Boxes out_;
  std::unordered_map<int, Producer> producers_;  // of tensors
  std::set<std::pair<int, int>> linked_;
};

}  // namespace

const BoxStyle& StyleOf(BoxKind kind) {
  static constexpr BoxStyle kStyles[] = {
      {"#dbeafe", "#2563eb", "#1e3a8a", false, "input of each step"},
      {"#ede9fe", "#7c3aed", "#4c1d95", false, "gives an initial state"},
      {"#f1f5f9", "#2563eb", "#1e3a8a", true, "only says how many steps there are"},
      {"#dcfce7", "#16a34a", "#14532d", false, "output"},
      {"#ffedd5", "#ea580c", "#7c2d12", false, "recurrent layer: keeps a state"},
      {"#e0e7ff", "#4f46e5", "#312e81", false, "matrix"},
      {"#ffffff", "#64748b", "#1f2933", false, "arithmetic"},
      {"#f1f5f9", "#cbd5e1", "#64748b", false, "only rearranges"},
      {"#fee2e2", "#dc2626", "#7f1d1d", false, "refused"},
      {"#fee2e2", "#dc2626", "#7f1d1d", true, "operator that isn't served"},
      {"#f8fafc", "#94a3b8", "#475569", true, "not looked at: behind the refusal"},
  };
  return kStyles[static_cast<int>(kind)];
}

int FontSize(const Box& box, const BoxLine& line) {
  if (box.is_small()) return 10;
  return line.weight == Weight::kTitle ? 14 : 11;
}

double LineHeight(const Box& box, const BoxLine& line) { return FontSize(box, line) + 4; }

double Box::width() const {
  double widest = is_small() ? 0 : kMinWidth - 2 * kPadding;
  for (const BoxLine& line : lines) {
    const double bold = line.weight == Weight::kTitle ? 1.1 : 1;
    widest = std::max(widest, bold * kLetter * FontSize(*this, line) * static_cast<double>(line.text.size()));
  }
  return widest + 2 * kPadding;
}

double Box::height() const {
  double height = is_small() ? 6 : 14;
  for (const BoxLine& line : lines) height += LineHeight(*this, line);
  return height;
}

size_t CountBoxes(const InspectReport& report) {
  const auto is_drawn = [](const NodeReport& node) { return node.fate != NodeFate::kFolded; };
  return static_cast<size_t>(std::count_if(report.nodes.begin(), report.nodes.end(), is_drawn)) +
         report.graph.inputs.size() + report.graph.outputs.size();
}

Boxes MakeBoxes(const InspectReport& report, size_t max_links) { return BoxMaker(report, max_links).Make(); }

std::vector<std::string> Wrapped(const std::string& text, size_t width, size_t limit) {
  std::vector<std::string> lines;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::string shown = Shortened(std::string(word), width);
    if (lines.empty() || lines.back().size() + 1 + shown.size() > width) {
      if (lines.size() == limit) {
        lines.back() += " ...";
        break;
      }
      lines.push_back(shown);
    } else {
      absl::StrAppend(&lines.back(), " ", shown);
    }
  }
  return lines;
}

}  // namespace recurd
