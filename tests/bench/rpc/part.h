#pragma once

namespace recurd::bench {

// What rpc_bench measures, a part a file: each starts servers of its own, prints a table and its bars, and says whether
// all of these hold. Throws std::runtime_error when a server or a stream fails.
struct Options {
  int pairs = 21;  // alternated blocks of each comparison, after one that warms up
};

inline constexpr int kCpu = 0;           // where the servers run, and the clients unless a part says otherwise
inline constexpr int kMessages = 3'000;  // a block of one stream

bool MeasureOneStream(const Options& options);
bool MeasureManyStreams(const Options& options);
bool MeasureChunks(const Options& options);
bool MeasureIdleSessions(const Options& options);
bool MeasureKserve(const Options& options);
bool MeasureFairness(const Options& options);
bool MeasureMemory(const Options& options);

}  // namespace recurd::bench
