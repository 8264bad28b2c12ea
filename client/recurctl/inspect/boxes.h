#pragma once

#include <string>
#include <vector>

#include "client/recurctl/inspect/report.h"

namespace recurd {

// What is drawn of a graph: boxes with lines of text, and who gives to whom.

// A kind of box has a colour and a line in the legend.
enum class BoxKind {
  kInput,
  kStateInput,
  kLengthInput,
  kOutput,
  kRecurrent,
  kMatrix,
  kArithmetic,
  kShape,
  kRefused,
  kUnsupported,
  kUnknown,
};
struct BoxStyle {
  const char *fill, *stroke, *text;
  bool is_dashed;
  const char* meaning;
};
const BoxStyle& StyleOf(BoxKind kind);

struct BoxLine {
  std::string text;
  enum class Weight { kTitle, kName, kDetail, kMark } weight;
};
struct Box {
  BoxKind kind;
  std::vector<BoxLine> lines;
  std::string full_name;  // shown when the mouse rests on it

  double width() const;
  double height() const;
  bool is_small() const { return kind == BoxKind::kShape; }
};

// Pixels.
int FontSize(const Box& box, const BoxLine& line);
double LineHeight(const Box& box, const BoxLine& line);

struct BoxLink {
  int from, to;       // boxes; from < to
  std::string label;  // which output, where it isn't the first
  bool is_last_step;  // a value that counts after the last step only
};
struct Boxes {
  std::vector<Box> boxes;
  std::vector<BoxLink> links;
  int folded_count = 0;
};
size_t CountBoxes(const InspectReport& report);
// At most `max_links` links.
Boxes MakeBoxes(const InspectReport& report, size_t max_links);

// Lines of at most `width` characters, broken at spaces; at most `limit` lines.
std::vector<std::string> Wrapped(const std::string& text, size_t width, size_t limit);

}  // namespace recurd
