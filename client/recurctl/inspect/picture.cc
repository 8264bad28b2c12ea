#include "client/recurctl/inspect/picture.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/recurctl/inspect/boxes.h"
#include "client/recurctl/inspect/layout.h"
#include "client/recurctl/svg_text.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

constexpr double kMargin = 28, kLegendRow = 20, kLoop = 24, kMinWidth = 560, kLetter = 5.9;
constexpr char kWayOut[] = "; leave --svg out, or look at --json";
constexpr char kEdgeColour[] = "#64748b";

class Picture {
 public:
  Picture(const InspectReport& report, Boxes boxes) : report_(report), boxes_(std::move(boxes)) {}

  absl::StatusOr<std::string> Draw() {
    for (const Box& box : boxes_.boxes) layout_.nodes.push_back({LayoutWidth(box), box.height()});
    for (const BoxLink& link : boxes_.links) layout_.edges.push_back({link.from, link.to, {}});
    RECURD_RETURN_IF_ERROR(PlaceGraph(&layout_));
    width_ = std::max(kMinWidth, layout_.width + 2 * kMargin);
    DrawHead();
    absl::StrAppendFormat(&body_, "<g transform=\"translate(%.1f %.1f)\">\n", (width_ - layout_.width) / 2, y_);
    for (size_t i = 0; i < boxes_.links.size(); ++i) DrawLink(boxes_.links[i], layout_.edges[i]);
    for (size_t i = 0; i < boxes_.boxes.size(); ++i) DrawBox(boxes_.boxes[i], layout_.nodes[i]);
    body_ += "</g>\n";
    y_ += layout_.height + 36;
    DrawLegend();
    return absl::StrCat(Opening(), body_, "</svg>\n");
  }

 private:
  // The arrow of a state's way back needs room, on both sides so that the box stays in the middle.
  static double LayoutWidth(const Box& box) { return box.width() + (box.kind == BoxKind::kRecurrent ? 2 * kLoop : 0); }

  std::string Opening() const {
    const double height = y_ + kMargin;
    std::string text = absl::StrFormat(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
        "role=\"img\" font-family=\"Helvetica, Arial, sans-serif\">\n<title>%s</title>\n"
        "<rect width=\"%.0f\" height=\"%.0f\" fill=\"#ffffff\"/>\n",
        width_, height, width_, height, SvgText(Title()), width_, height);
    for (const auto& [id, colour] :
         {std::pair("flow", kEdgeColour), std::pair("loop", StyleOf(BoxKind::kRecurrent).stroke)}) {
      absl::StrAppendFormat(&text,
                            "<marker id=\"%s\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
                            "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0.5L8 4L0 7.5z\" fill=\"%s\"/></marker>\n",
                            id, colour);
    }
    return text;
  }

  std::string Title() const { return absl::StrCat("Model ", Shortened(report_.name, 60)); }

  void Text(double x, double y, int size, const char* colour, const std::string& text, const char* more = "") {
    absl::StrAppendFormat(&body_, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" fill=\"%s\"%s>%s</text>\n", x, y, size,
                          colour, more, SvgText(text));
  }

  void DrawHead() {
    Text(kMargin, y_ += 34, 18, "#1f2933", Title(), " font-weight=\"bold\"");
    const auto columns = static_cast<size_t>((width_ - 2 * kMargin) / kLetter);
    for (const std::string& fact : Facts()) {
      for (const std::string& line : Wrapped(fact, columns, 4)) Text(kMargin, y_ += 18, 12, "#475569", line);
    }
    y_ += 26;
  }

  std::vector<std::string> Facts() const {
    if (!report_.is_served()) return {absl::StrCat("Refused: ", report_.error)};
    const Model& model = *report_.model;
    std::vector<std::string> facts = {absl::StrCat("Opset ", report_.graph.opset, ", ", model.parameter_count,
                                                   " parameters, ", report_.totals.macs, " MACs a step, ",
                                                   report_.totals.state_bytes, " bytes of state.")};
    facts.push_back(model.streams() ? "Streams: each step is served as it comes."
                                    : absl::StrCat("Takes whole sequences only: ", model.whole_sequence_reason, "."));
    return facts;
  }

  void DrawBox(const Box& box, const LayoutNode& at) {
    const BoxStyle& style = StyleOf(box.kind);
    const bool is_port = box.kind <= BoxKind::kOutput;
    const double width = box.width(), height = box.height(), left = at.x - width / 2, top = at.y - height / 2;
    absl::StrAppendFormat(&body_, "<g class=\"node\"><title>%s</title>\n", SvgText(box.full_name));
    absl::StrAppendFormat(&body_,
                          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.0f\" fill=\"%s\" "
                          "stroke=\"%s\" stroke-width=\"%g\"%s/>\n",
                          left, top, width, height,
                          is_port          ? height / 2
                          : box.is_small() ? 4
                                           : 7,
                          style.fill, style.stroke, box.is_small() ? 1 : 1.5,
                          style.is_dashed ? " stroke-dasharray=\"5 3\"" : "");
    double y = top + (box.is_small() ? 2 : 6);
    for (const BoxLine& line : box.lines) {
      y += LineHeight(box, line);
      Text(at.x, y - 2, FontSize(box, line), ColourOf(line, style), line.text, MoreOf(line));
    }
    if (box.kind == BoxKind::kRecurrent) DrawLoop(left + width, at.y, style.stroke);
    body_ += "</g>\n";
  }
  static const char* ColourOf(const BoxLine& line, const BoxStyle& style) {
    return line.weight == BoxLine::Weight::kDetail ? "#475569" : style.text;
  }
  static const char* MoreOf(const BoxLine& line) {
    const bool is_bold = line.weight == BoxLine::Weight::kTitle || line.weight == BoxLine::Weight::kMark;
    return is_bold ? " text-anchor=\"middle\" font-weight=\"bold\"" : " text-anchor=\"middle\"";
  }

  void DrawLoop(double right, double y, const char* colour) {
    absl::StrAppendFormat(&body_,
                          "<path d=\"M%.1f %.1fc%g 0 %g -24 0 -24\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" "
                          "marker-end=\"url(#loop)\"/>\n",
                          right, y + 12, kLoop + 5, kLoop + 5, colour);
  }

  void DrawLink(const BoxLink& link, const LayoutEdge& edge) {
    std::string path = absl::StrFormat("M%.1f %.1f", edge.route[0].x, edge.route[0].y);
    for (size_t i = 1; i < edge.route.size(); ++i) {
      const LayoutPoint &a = edge.route[i - 1], &b = edge.route[i];
      const double middle = (a.y + b.y) / 2;
      a.x == b.x ? absl::StrAppendFormat(&path, "V%.1f", b.y)
                 : absl::StrAppendFormat(&path, "C%.1f %.1f %.1f %.1f %.1f %.1f", a.x, middle, b.x, middle, b.x, b.y);
    }
    absl::StrAppendFormat(&body_,
                          "<path class=\"edge\" d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.4\"%s "
                          "marker-end=\"url(#flow)\"/>\n",
                          path, kEdgeColour, link.is_last_step ? " stroke-dasharray=\"5 4\"" : "");
    if (link.label.empty()) return;
    const bool goes_right = edge.route.back().x > edge.route[0].x;
    Text(edge.route[0].x + (goes_right ? -5 : 5), edge.route[0].y + 13, 10, kEdgeColour, link.label,
         goes_right ? " text-anchor=\"end\"" : "");
  }

  void DrawLegend() {
    x_ = kMargin;
    std::set<BoxKind> kinds;
    for (const Box& box : boxes_.boxes) kinds.insert(box.kind);
    for (const BoxKind kind : kinds) {
      const BoxStyle& style = StyleOf(kind);
      Advance(style.meaning);
      absl::StrAppendFormat(
          &body_, "<rect x=\"%.1f\" y=\"%.1f\" width=\"16\" height=\"11\" rx=\"3\" fill=\"%s\" stroke=\"%s\"%s/>\n", x_,
          y_ - 9, style.fill, style.stroke, style.is_dashed ? " stroke-dasharray=\"4 2\"" : "");
      Label(style.meaning);
    }
    if (std::any_of(boxes_.links.begin(), boxes_.links.end(), [](const BoxLink& link) { return link.is_last_step; })) {
      const std::string meaning = "counts after the last step only";
      Advance(meaning);
      absl::StrAppendFormat(&body_,
                            "<path d=\"M%.1f %.1fh16\" stroke=\"%s\" stroke-width=\"1.4\" stroke-dasharray=\"5 3\"/>\n",
                            x_, y_ - 4, kEdgeColour);
      Label(meaning);
    }
    if (boxes_.folded_count == 0) return;
    const std::string folded = absl::StrCat(boxes_.folded_count, " constant node", boxes_.folded_count == 1 ? "" : "s",
                                            " folded at load, not drawn");
    Advance(folded);
    Text(x_, y_, 12, "#475569", folded);
  }
  // To the next line where the label wouldn't fit in this one.
  void Advance(const std::string& label) {
    if (x_ > kMargin && x_ + 22 + kLetter * static_cast<double>(label.size()) > width_ - kMargin) {
      x_ = kMargin;
      y_ += kLegendRow;
    }
  }
  void Label(const std::string& label) {
    Text(x_ + 22, y_, 12, "#475569", label);
    x_ += 22 + kLetter * static_cast<double>(label.size()) + 20;
  }

  const InspectReport& report_;
  const Boxes boxes_;
  GraphLayout layout_;
  std::string body_;
  double width_ = 0, x_ = 0, y_ = 0;
};

absl::Status TooLarge(const std::string& number, const char* what, int limit) {
  return absl::InvalidArgumentError(
      absl::StrCat("--svg: the graph has ", number, " ", what, " to draw; the limit is ", limit, kWayOut));
}

}  // namespace

absl::StatusOr<std::string> InspectSvg(const InspectReport& report) {
  const size_t count = CountBoxes(report);
  if (count > kMaxDrawnNodes) return TooLarge(absl::StrCat(count), "nodes", kMaxDrawnNodes);
  Boxes boxes = MakeBoxes(report, kMaxDrawnEdges + 1);
  if (boxes.links.size() > kMaxDrawnEdges) return TooLarge("too many", "edges", kMaxDrawnEdges);
  absl::StatusOr<std::string> svg = Picture(report, std::move(boxes)).Draw();
  if (svg.ok()) return svg;
  return absl::Status(svg.status().code(), absl::StrCat("--svg: ", svg.status().message(), kWayOut));
}

}  // namespace recurd
