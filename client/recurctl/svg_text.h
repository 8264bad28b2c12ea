#pragma once

#include <string>

namespace recurd {

// Text from elsewhere made fit for an SVG's text and attributes: markup is escaped; control characters and what is not
// ASCII become '?'.
std::string SvgText(const std::string& text);

}  // namespace recurd
