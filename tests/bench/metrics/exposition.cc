#include "tests/bench/metrics/exposition.h"

#include <sstream>
#include <stdexcept>

#include "tests/unit/exporter/http_client.h"

namespace recurd::bench {

std::string Scrape(const Daemon& daemon) {
  const std::string address = daemon.metrics_address();
  std::string text =
      Ask(std::stoi(address.substr(address.find(':') + 1)), "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  if (text.find(" 200 ") == std::string::npos) throw std::runtime_error("a scrape failed: " + text.substr(0, 80));
  return text;
}

std::map<std::string, double> CountersOf(const std::string& text) {
  std::map<std::string, double> counters;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t blank = line.rfind(' ');
    const std::string series = line.substr(0, blank), name = series.substr(0, series.find('{'));
    const auto ends_in = [&name](const std::string& end) {
      return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
    };
    if (name.rfind("recurd_", 0) == 0 && (ends_in("_total") || ends_in("_count"))) {
      counters[series] = std::stod(line.substr(blank + 1));
    }
  }
  return counters;
}

std::map<std::string, double> Risen(const std::map<std::string, double>& before,
                                    const std::map<std::string, double>& after) {
  std::map<std::string, double> risen;
  for (const auto& [series, value] : after) {
    const auto was = before.find(series);
    const double by = value - (was == before.end() ? 0 : was->second);
    if (by != 0) risen[series] = by;
  }
  return risen;
}

}  // namespace recurd::bench
