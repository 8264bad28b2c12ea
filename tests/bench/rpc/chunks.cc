// Steps a second of one stream, by steps a message.
#include <cstdio>

#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {

bool MeasureChunks(const Options& options) {
  constexpr int kSteps = 100;
  const Daemon daemon({}, kCpu);
  NativeLink single(daemon.address()), hundred(daemon.address(), kSteps);
  Progress("1 and 100 steps a message");
  const Pairs pairs = Alternate(
      options.pairs, [&] { return Measure(daemon, kMessages, [&] { single.RoundTrip(); }); },
      [&] { return Measure(daemon, kMessages, [&] { hundred.RoundTrip(); }); });
  PrintRoundTripHead("one stream, outputs of every step");
  PrintRoundTrips("1 step a message", pairs.floor);
  PrintRoundTrips("100 steps a message", pairs.ours);
  std::printf("steps/s: %.0f and %.0f\n", Median(pairs.floor, &Block::per_second),
              kSteps * Median(pairs.ours, &Block::per_second));
  return BarAtLeast("rpc_steps_100", kSteps * pairs.Ratio(&Block::per_second), 20);
}

}  // namespace recurd::bench
