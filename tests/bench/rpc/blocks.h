#pragma once

#include <functional>
#include <vector>

#include "tests/integration/child.h"

namespace recurd::bench {

// What a block of messages took. Counts and CPU time are those of the whole server process, a message.
struct Block {
  double p50_us = 0, p99_us = 0, max_us = 0;  // round trips, where they were timed one by one
  double switches = 0;                        // voluntary context switches
  double cpu_us = 0;
  double per_second = 0;  // messages
};

// A block of `messages` round trips, one after the other.
Block Measure(const Child& server, int messages, const std::function<void()>& round_trip);
// A block that `all` sends as it likes.
Block MeasureWhole(const Child& server, int messages, const std::function<void()>& all);

double Percentile(std::vector<double> values, double q);

// Blocks of two servers, taken by turns in the same minute: what disturbs one disturbs the other.
struct Pairs {
  std::vector<Block> floor, ours;

  // Of all pairs' ours / floor.
  double Ratio(double Block::*member, double q = 0.5) const;
};

Pairs Alternate(int count, const std::function<Block()>& floor, const std::function<Block()>& ours);

// `count` pairs or a few more, each `compare(n)` being n of them between servers just started: a process may be a third
// slower than another of the same program for all its life, by where its memory happened to fall.
Pairs OverLives(int count, const std::function<Pairs(int)>& compare);

double Median(const std::vector<Block>& blocks, double Block::*member);

// The calling thread, and those it starts from now on, run on this CPU only.
void PinTo(int cpu);

}  // namespace recurd::bench
