#include "client/recurctl/plan/picture.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/svg_text.h"
#include "hw/config/geometry.h"
#include "hw/emu/graph_routes.h"

namespace recurd {
namespace {

using emu::Edge;
using emu::GraphNodes;
using emu::Node;
using emu::PortKind;
using hw::TileRole;

// Pixels.
constexpr double kPitch = 22, kTile = 16, kLeft = 40, kTop = 64, kLegend = 58;
constexpr double kWidth = 2 * kLeft + kPitch * hw::kColumns;
constexpr double kArrayHeight = kPitch * (hw::kRows + 2);
constexpr double kPanelHeight = kTop + kArrayHeight + kLegend;

constexpr const char* kColours[] = {"#4e79a7", "#59a14f", "#2f6b3a", "#f28e2b",
                                    "#76b7b2", "#9c9ede", "#b07aa1", "#e15759"};
const char* ColourOf(TileRole role) { return kColours[static_cast<int>(role)]; }

enum class Wire { kFromPl, kTile, kToPl, kPacket, kCascade };
struct WireStyle {
  const char* colour;
  double width, opacity;
  const char* meaning;
};
constexpr WireStyle kWires[] = {{"#1f4e79", 0.8, 0.6, "stream from the PL"},
                                {"#1d5e20", 0.8, 0.6, "stream between tiles"},
                                {"#666666", 0.8, 0.8, "stream to the PL"},
                                {"#b3125a", 0.8, 0.7, "packets"},
                                {"#222222", 2.0, 0.9, "cascade"}};

struct Point {
  double x, y;
};
// The middle of a tile, or of an interface tile in row -1; row 0 is the lowest.
Point Middle(hw::Place place) {
  return {kLeft + kPitch * (place.column + 0.5), kTop + kPitch * (hw::kRows - 1 - place.row + 0.5)};
}

bool IsPlio(const Node& node) { return node.kind == Node::Kind::kPlioIn || node.kind == Node::Kind::kPlioOut; }
bool IsPlaced(const Node& node) { return node.kind != Node::Kind::kParameterPort; }

bool FedBy(const GraphNodes& graph, const Node& kernel, char plio) {
  return std::any_of(graph.edges.begin(), graph.edges.end(), [&](const auto& edge) {
    return edge->to == &kernel && edge->from->kind == Node::Kind::kPlioIn && edge->from->name[0] == plio;
  });
}
bool SendsToPl(const GraphNodes& graph, const Node& kernel) {
  return std::any_of(graph.edges.begin(), graph.edges.end(),
                     [&](const auto& edge) { return edge->from == &kernel && edge->to->kind == Node::Kind::kPlioOut; });
}

// lane_split.cc: heads and tails of U stand on the stream of states, those of W don't.
TileRole RoleOfSplit(const GraphNodes& graph, const Node& kernel) {
  if (SendsToPl(graph, kernel)) return TileRole::kGate;
  return FedBy(graph, kernel, 'h') || FedBy(graph, kernel, 'v') ? TileRole::kState : TileRole::kInput;
}

class Panel {
 public:
  Panel(const GraphNodes& graph, double top) : graph_(graph), top_(top) { CountRoles(); }

  std::string Draw(const std::string& title, const std::string& subtitle) {
    svg_ = absl::StrFormat("<g transform=\"translate(0 %g)\">\n", top_);
    Text(kLeft, 24, 16, title, " font-weight=\"bold\"");
    Text(kLeft, 44, 12, subtitle, "");
    DrawGrid();
    DrawTiles();
    DrawWires();
    DrawPlios();
    DrawLegend();
    return svg_ + "</g>\n";
  }

 private:
  void CountRoles() {
    for (const auto& node : graph_.nodes) {
      if (node->kind == Node::Kind::kKernel) ++roles_[RoleOf(graph_, *node)];
    }
  }

  void Text(double x, double y, int size, const std::string& text, const char* more) {
    absl::StrAppendFormat(&svg_, "<text x=\"%g\" y=\"%g\" font-size=\"%d\"%s>%s</text>\n", x, y, size, more,
                          SvgText(text));
  }

  // All 400 tiles are one path.
  void DrawGrid() {
    svg_ += "<path fill=\"#f4f4f4\" stroke=\"#dddddd\" stroke-width=\"0.5\" d=\"";
    for (int column = 0; column < hw::kColumns; ++column) {
      for (int row = 0; row < hw::kRows; ++row) {
        const Point at = Middle({column, row});
        absl::StrAppendFormat(&svg_, "M%g %gh%gv%gh-%gz", at.x - kTile / 2, at.y - kTile / 2, kTile, kTile, kTile);
      }
    }
    svg_ += "\"/>\n";
    const double first = Middle({hw::kFirstPlColumn, -1}).x - kPitch / 2;
    absl::StrAppendFormat(&svg_, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"8\" fill=\"#e4e4e4\"/>\n", first,
                          Middle({0, -1}).y - 4, kPitch * hw::kPlColumns);
    Text(first, Middle({0, -1}).y + 20, 11, "interface tiles to the PL", " fill=\"#777777\"");
  }

  void DrawTiles() {
    for (const auto& node : graph_.nodes) {
      if (node->kind != Node::Kind::kKernel) continue;
      const Point at = Middle(emu::PlaceOf(graph_, *node));
      absl::StrAppendFormat(
          &svg_, "<rect class=\"tile\" x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" rx=\"2\" fill=\"%s\"/>\n",
          at.x - kTile / 2, at.y - kTile / 2, kTile, kTile, ColourOf(RoleOf(graph_, *node)));
    }
  }

  // PLIOs of a column stand side by side.
  Point PlaceOf(const Node& node) {
    Point at = Middle(emu::PlaceOf(graph_, node));
    if (!IsPlio(node)) return at;
    const auto [slot, fresh] = plio_slots_.try_emplace(&node, 0);
    if (fresh) slot->second = plios_of_column_[node.column]++;
    at.x += -kPitch / 2 + 2.5 + 2.8 * slot->second;
    return at;
  }

  Wire WireOf(const Edge& edge) const {
    if (edge.kind == PortKind::kCascade) return Wire::kCascade;
    if (edge.kind == PortKind::kPacket) return Wire::kPacket;
    if (edge.from->kind == Node::Kind::kPlioIn) return Wire::kFromPl;
    return edge.to->kind == Node::Kind::kPlioOut ? Wire::kToPl : Wire::kTile;
  }

  // A broadcast is a trunk beside the sender's row with a branch to each column; anything else is a straight line.
  void DrawWires() {
    using Net = std::pair<const Node*, int>;
    std::map<Wire, std::string> paths;
    std::map<Net, std::vector<const Edge*>> nets;
    std::vector<Net> order;
    for (const auto& edge : graph_.edges) {
      if (edge->kind == PortKind::kParameter || !IsPlaced(*edge->from)) continue;
      const Net net = {edge->from, edge->out};
      if (nets[net].empty()) order.push_back(net);
      nets[net].push_back(edge.get());
    }
    int broadcast = 0;
    for (const Net& net : order) {
      const std::vector<const Edge*>& edges = nets[net];
      std::string& path = paths[WireOf(*edges[0])];
      path += edges.size() == 1 ? Line(*edges[0]) : Tree(edges, broadcast++);
    }
    for (const auto& [wire, path] : paths) {
      const WireStyle& style = kWires[static_cast<int>(wire)];
      wires_.push_back(wire);
      absl::StrAppendFormat(&svg_,
                            "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-opacity=\"%g\" d=\"%s\"/>\n",
                            style.colour, style.width, style.opacity, path);
    }
  }

  std::string Line(const Edge& edge) {
    const Point from = PlaceOf(*edge.from), to = PlaceOf(*edge.to);
    if (from.x == to.x && from.y == to.y) return "";
    return absl::StrFormat("M%g %gL%g %g", from.x, from.y, to.x, to.y);
  }

  std::string Tree(const std::vector<const Edge*>& edges, int number) {
    const Point from = PlaceOf(*edges[0]->from);
    const double shift = number % 4;
    const double trunk = from.y - kTile / 2 - 2 - shift;
    double left = from.x, right = from.x;
    std::map<double, std::pair<double, double>> branches;  // by x, from y to y
    for (const Edge* edge : edges) {
      const Point to = PlaceOf(*edge->to);
      const double x = to.x - 4.5 + 3 * shift;
      left = std::min(left, x);
      right = std::max(right, x);
      auto& [top, bottom] = branches.try_emplace(x, trunk, trunk).first->second;
      top = std::min(top, to.y);
      bottom = std::max(bottom, to.y);
    }
    std::string path = absl::StrFormat("M%g %gV%gM%g %gH%g", from.x, from.y, trunk, left, trunk, right);
    for (const auto& [x, ends] : branches) absl::StrAppendFormat(&path, "M%g %gV%g", x, ends.first, ends.second);
    return path;
  }

  void DrawPlios() {
    for (const auto& node : graph_.nodes) {
      if (!IsPlio(*node)) continue;
      const Point at = PlaceOf(*node);
      const bool in = node->kind == Node::Kind::kPlioIn;
      ++(in ? plios_in_ : plios_out_);
      absl::StrAppendFormat(&svg_,
                            "<rect class=\"plio\" x=\"%g\" y=\"%g\" width=\"2.4\" height=\"8\" fill=\"%s\"><title>%s"
                            "</title></rect>\n",
                            at.x - 1.2, at.y - 4, PlioColour(in), SvgText(node->name));
    }
  }
  static const char* PlioColour(bool in) { return in ? "#1f4e79" : "#444444"; }

  void DrawLegend() {
    const double y = kTop + kArrayHeight + 10;
    double x = kLeft;
    for (const auto& [role, count] : roles_) {
      Swatch(&x, y, kTile, ColourOf(role), absl::StrFormat("%s: %d", hw::NameOf(role), count));
    }
    x = kLeft;
    Swatch(&x, y + 22, 3, PlioColour(true), absl::StrFormat("PLIO in: %d", plios_in_));
    Swatch(&x, y + 22, 3, PlioColour(false), absl::StrFormat("PLIO out: %d", plios_out_));
    for (const Wire wire : wires_) {
      const WireStyle& style = kWires[static_cast<int>(wire)];
      absl::StrAppendFormat(&svg_, "<path d=\"M%g %gh18\" stroke=\"%s\" stroke-width=\"%g\"/>\n", x, y + 28,
                            style.colour, style.width + 0.6);
      Label(&x, y + 22, 24, style.meaning);
    }
  }
  void Swatch(double* x, double y, double width, const char* colour, const std::string& label) {
    absl::StrAppendFormat(&svg_, "<path d=\"M%g %gh%gv12h-%gz\" fill=\"%s\"/>\n", *x, y, width, width, colour);
    Label(x, y, width + 6, label);
  }
  void Label(double* x, double y, double gap, const std::string& label) {
    constexpr double kLetter = 6.6;
    Text(*x + gap, y + 10, 12, label, "");
    *x += gap + kLetter * static_cast<double>(label.size()) + 18;
  }

  const GraphNodes& graph_;
  const double top_;
  std::string svg_;
  std::map<TileRole, int> roles_;
  std::map<const Node*, int> plio_slots_;
  std::map<int, int> plios_of_column_;
  std::vector<Wire> wires_;
  int plios_in_ = 0, plios_out_ = 0;
};

std::string Subtitle(const MappingPlan& layer) {
  return absl::StrFormat(
      "%d units, %d inputs on %d tiles. Modelled: first step %.1f ns, steady step %.1f ns, switch %.1f ns. Lines show "
      "who sends to whom, not routes.",
      layer.shape.hidden_size, layer.shape.input_size, layer.footprint.tiles(), layer.first_ns(), layer.steady_ns(),
      layer.switch_ns());
}

absl::Status NotBuilt(const MappingPlan& layer) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "--svg: no graph is built for %d units, %d inputs and %d weight sets in --mapping=%s; a picture needs a built "
      "size, with 2 weight sets: the nearest are %s",
      layer.shape.hidden_size, layer.shape.input_size, layer.shape.weight_sets, layer.mapping->name,
      NearestBuilt(layer.shape)));
}

}  // namespace

hw::TileRole RoleOf(const emu::GraphNodes& graph, const emu::Node& kernel) {
  const std::string& source = kernel.source;
  if (source == "dot_row.cc" || source == "column_block.cc") {
    return FedBy(graph, kernel, 'x') ? TileRole::kInput : TileRole::kState;
  }
  if (source == "dot_row_reset.cc" || source == "column_block_reset.cc") return TileRole::kReset;
  if (source == "bias_id.cc") return TileRole::kBias;
  if (source == "sort_rows.cc") return TileRole::kAggregator;
  if (source == "update_state.cc") return TileRole::kUpdate;
  if (source == "cascade_to_stream.cc") return TileRole::kStream;
  if (source == "lane_inputs.cc") return TileRole::kInput;
  return source == "lane_split.cc" ? RoleOfSplit(graph, kernel) : TileRole::kGate;
}

absl::StatusOr<std::string> PlanSvg(const std::string& model, const std::vector<const MappingPlan*>& layers) {
  const double height = kPanelHeight * static_cast<double>(layers.size());
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
      "font-family=\"sans-serif\">\n<rect width=\"%g\" height=\"%g\" fill=\"#ffffff\"/>\n",
      kWidth, height, kWidth, height, kWidth, height);
  for (size_t i = 0; i < layers.size(); ++i) {
    const emu::Placement* built = BuiltFor(layers[i]->shape);
    if (built == nullptr) return NotBuilt(*layers[i]);
    const auto system = built->make(hw::Timing());
    if (!system.ok()) return system.status();
    Panel panel((*system)->nodes(), kPanelHeight * static_cast<double>(i));
    const std::string layer = layers.size() > 1 ? absl::StrFormat(", layer %d", i + 1) : "";
    svg +=
        panel.Draw(absl::StrCat(model, layer, " on the 50 x 8 array, mapping ", layers[i]->mapping->name, ", modelled"),
                   Subtitle(*layers[i]));
  }
  return svg + "</svg>\n";
}

}  // namespace recurd
