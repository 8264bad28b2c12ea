#include "client/recurctl/svg_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace recurd {

std::string SvgText(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<' || c == '&' || c == '>' || c == '"' || c == '\'') {
      absl::StrAppend(&out, "&#", static_cast<int>(c), ";");
    } else {
      out += absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : '?';
    }
  }
  return out;
}

}  // namespace recurd
