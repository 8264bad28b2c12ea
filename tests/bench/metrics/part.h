#pragma once

namespace recurd::bench {

// What metrics_bench measures, a part a file: each prints what it saw and its bars, and says whether all of these hold.
// Throws std::runtime_error when a daemon or a stream fails.
struct MetricsOptions {
  int pairs = 61;  // alternated blocks of each comparison
};

bool MeasureRecording(const MetricsOptions& options);
bool MeasureScrape(const MetricsOptions& options);
bool MeasureScrapedStream(const MetricsOptions& options);

}  // namespace recurd::bench
