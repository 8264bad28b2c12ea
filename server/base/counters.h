#pragma once

#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>

namespace recurd {

// Counters with one writer and any number of readers: the writer loads and stores relaxed (1-2 ns, no lock prefix), a
// reader may see a value a moment old but never a torn one. Each counter has exactly one writing thread.

class Counter {
 public:
  void Add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(int64_t v) { value_.store(v, std::memory_order_relaxed); }
  void Add(int64_t n) { Set(value() + n); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Counts durations in nanoseconds into log-linear cells, 32 to the octave (cell width at most 1/32 of its lower edge),
// exact below 64 ns, up to 2^41 ns (37 minutes); longer ones count in the last cell. The exporter sums cells into
// Prometheus buckets: an edge between cells is off by at most 3.2 % of its value, unless it is registered as exact.
// An exact edge (the latency objective) is counted apart so that the share within it is true.
class LatencyHistogram {
 public:
  static constexpr int kSubBits = 5;
  static constexpr int kSub = 1 << kSubBits;
  static constexpr int kMaxBits = 41;
  static constexpr int kCellCount = (kMaxBits - kSubBits) * kSub + kSub;

  explicit LatencyHistogram(int64_t exact_edge_ns = 0) : exact_edge_ns_(exact_edge_ns) {}

  // Counts `count` observations of `ns` each. Negative durations count as zero.
  void Record(int64_t ns, uint64_t count = 1) {
    const uint64_t v = ns < 0 ? 0 : static_cast<uint64_t>(ns);
    cells_[CellOf(v)].Add(count);
    sum_ns_.Add(v * count);
    if (ns <= exact_edge_ns_) within_edge_.Add(count);
  }

  // The cell that counts `ns`; CellUpperNs(c) is the largest duration that cell c counts.
  static int CellOf(uint64_t ns) {
    if (ns < 2 * kSub) return static_cast<int>(ns);
    if (ns >> kMaxBits) return kCellCount - 1;
    const int shift = 63 - __builtin_clzll(ns) - kSubBits;
    return shift * kSub + static_cast<int>(ns >> shift);
  }
  static uint64_t CellUpperNs(int cell) {
    if (cell < 2 * kSub) return static_cast<uint64_t>(cell);
    const int shift = cell / kSub - 1;
    return (((static_cast<uint64_t>(cell % kSub) + kSub + 1)) << shift) - 1;
  }

  uint64_t cell(int index) const { return cells_[index].value(); }
  uint64_t sum_ns() const { return sum_ns_.value(); }
  uint64_t within_edge() const { return within_edge_.value(); }
  int64_t exact_edge_ns() const { return exact_edge_ns_; }

 private:
  const int64_t exact_edge_ns_;
  std::array<Counter, kCellCount> cells_;
  Counter sum_ns_;
  Counter within_edge_;
};

}  // namespace recurd
