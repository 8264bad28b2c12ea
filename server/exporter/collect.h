#pragma once

#include <vector>

#include "prometheus/metric_family.h"
#include "server/engine/metrics.h"
#include "server/exporter/info.h"

namespace recurd {

// Everything /metrics shows, by name, help, type and value.
// Threads: any. Of `metrics` it loads the counters relaxed, and takes no lock that the serving thread takes.
std::vector<prometheus::MetricFamily> Collect(const Metrics& metrics, const BuildInfo& build,
                                              const std::vector<ModelInfo>& models);

}  // namespace recurd
