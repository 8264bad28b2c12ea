#pragma once

#include <map>
#include <string>

#include "tests/integration/child.h"

namespace recurd::bench {

// What the daemon's port for metrics answers. Throws std::runtime_error if it doesn't.
std::string Scrape(const Daemon& daemon);

// The counters of an exposition by name and labels, histograms by their count only. Not those of the process.
std::map<std::string, double> CountersOf(const std::string& text);
// Those that rose, and by how much.
std::map<std::string, double> Risen(const std::map<std::string, double>& before,
                                    const std::map<std::string, double>& after);

}  // namespace recurd::bench
