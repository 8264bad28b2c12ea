#include "tests/unit/hw/system_cfg.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace recurd::emu {

std::string OutputOf(const std::string& command, int* status) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char part[4096];
  while (pipe != nullptr && fgets(part, sizeof part, pipe) != nullptr) text += part;
  const int result = pipe == nullptr ? -1 : pclose(pipe);
  if (status != nullptr) *status = result;
  return text;
}

SystemCfg ReadSystemCfg(const std::string& mapping, int hidden, const std::string& cell) {
  const std::string text = OutputOf(RECURD_SOURCE_DIR "/hw/vitis/system_cfg.py --mapping=" + mapping +
                                    " --hidden=" + std::to_string(hidden) + " --cell=" + cell);
  SystemCfg cfg;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('='), colon = line.find(':'), last_colon = line.rfind(':');
    const std::string key = line.substr(0, equals);
    if (line.empty() || line == "[connectivity]") continue;
    if (key == "freqhz") {
      cfg.clocks = line.substr(equals + 1);
    } else if (key == "nk" && line.substr(colon, last_colon - colon) == ":1") {
      cfg.units[line.substr(last_colon + 1)] = line.substr(equals + 1, colon - equals - 1);
    } else if (key == "sc" && colon == last_colon && colon != std::string::npos) {
      cfg.streams.emplace_back(line.substr(equals + 1, colon - equals - 1), line.substr(colon + 1));
    } else {
      std::fprintf(stderr, "system_cfg.py says: %s\n", text.c_str());
      std::abort();
    }
  }
  return cfg;
}

std::string UnitOf(const std::string& end) { return end.substr(0, end.find('.')); }
std::string PortOf(const std::string& end) { return end.substr(end.find('.') + 1); }

}  // namespace recurd::emu
