#include "tests/bench/rpc/blocks.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>

namespace recurd::bench {
namespace {

using Clock = std::chrono::steady_clock;

double UsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

}  // namespace

double Percentile(std::vector<double> values, double q) {
  const auto n = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + n, values.end());
  return values[static_cast<size_t>(n)];
}

Block MeasureWhole(const Child& server, int messages, const std::function<void()>& all) {
  const long switches = server.VoluntarySwitches(), cpu_ns = server.CpuNs();
  const auto start = Clock::now();
  all();
  const double us = UsSince(start);
  return {.switches = static_cast<double>(server.VoluntarySwitches() - switches) / messages,
          .cpu_us = static_cast<double>(server.CpuNs() - cpu_ns) / messages / 1e3,
          .per_second = messages / us * 1e6};
}

Block Measure(const Child& server, int messages, const std::function<void()>& round_trip) {
  std::vector<double> us(static_cast<size_t>(messages));
  Block block = MeasureWhole(server, messages, [&] {
    for (double& t : us) {
      const auto start = Clock::now();
      round_trip();
      t = UsSince(start);
    }
  });
  block.p50_us = Percentile(us, 0.5);
  block.p99_us = Percentile(us, 0.99);
  block.max_us = *std::max_element(us.begin(), us.end());
  return block;
}

double Pairs::Ratio(double Block::*member, double q) const {
  std::vector<double> ratios;
  for (size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i].*member / floor[i].*member);
  return Percentile(ratios, q);
}

Pairs Alternate(int count, const std::function<Block()>& floor, const std::function<Block()>& ours) {
  floor();  // warm
  ours();
  Pairs pairs;
  for (int i = 0; i < count; ++i) {
    const bool floor_first = i % 2 == 0;
    if (floor_first) pairs.floor.push_back(floor());
    pairs.ours.push_back(ours());
    if (!floor_first) pairs.floor.push_back(floor());
    std::fputc('.', stderr);
  }
  return pairs;
}

Pairs OverLives(int count, const std::function<Pairs(int)>& compare) {
  constexpr int kLives = 7;
  Pairs all;
  for (int i = 0; i < kLives; ++i) {
    const Pairs pairs = compare((count + kLives - 1) / kLives);
    all.floor.insert(all.floor.end(), pairs.floor.begin(), pairs.floor.end());
    all.ours.insert(all.ours.end(), pairs.ours.begin(), pairs.ours.end());
  }
  return all;
}

double Median(const std::vector<Block>& blocks, double Block::*member) {
  std::vector<double> values;
  for (const Block& block : blocks) values.push_back(block.*member);
  return Percentile(values, 0.5);
}

void PinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

}  // namespace recurd::bench
