#include "hw/config/timing.h"

#include <cstdlib>
#include <sstream>

namespace recurd {
namespace hw {
namespace {

constexpr Cycles kLimit = 1000000;

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

bool IsCount(const std::string& name) {
  return name == "pl_clock" || (name.size() > 5 && name.compare(name.size() - 5, 5, "_fifo") == 0);
}

// Applies `name = cycles`; returns what is wrong with it.
std::string Apply(const std::string& line, Timing* timing) {
  const size_t equals = line.find('=');
  if (equals == std::string::npos) return "'" + line + "' is not 'name = cycles'";
  const std::string name = Trimmed(line.substr(0, equals));
  const std::string text = Trimmed(line.substr(equals + 1));
  for (const TimingConstant& constant : TimingConstants()) {
    if (name != constant.name) continue;
    char* end = nullptr;
    const long long value = std::strtoll(text.c_str(), &end, 10);
    const Cycles least = IsCount(name) ? 1 : 0;
    if (text.empty() || *end != '\0' || value < least || value > kLimit) {
      return name + " is '" + text + "', but must be a number from " + std::to_string(least) + " to " +
             std::to_string(kLimit);
    }
    timing->*constant.field = value;
    return "";
  }
  return "no constant is called '" + name + "'";
}

}  // namespace

const std::vector<TimingConstant>& TimingConstants() {
#define RECURD_ROW(name, value, certainty, source, meaning) \
  {#name, &Timing::name, Certainty::certainty, source, meaning},
  static const std::vector<TimingConstant> constants = {RECURD_TIMING_CONSTANTS(RECURD_ROW)};
#undef RECURD_ROW
  return constants;
}

std::string OverrideTiming(const std::string& text, Timing* timing) {
  Timing changed = *timing;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = Trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::string wrong = Apply(line, &changed);
    if (!wrong.empty()) return "line " + std::to_string(number) + ": " + wrong;
  }
  *timing = changed;
  return "";
}

}  // namespace hw
}  // namespace recurd
