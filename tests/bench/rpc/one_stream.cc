// What the daemon adds to gRPC itself, to a one-step message on one stream.
#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/echo_process.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {

namespace {

Pairs Compare(int count) {
  const EchoProcess echo(kCpu);
  const Daemon daemon({}, kCpu);
  EchoLink to_echo(echo.address());
  NativeLink to_daemon(daemon.address());
  return Alternate(
      count, [&] { return Measure(echo, kMessages, [&] { to_echo.RoundTrip(); }); },
      [&] { return Measure(daemon, kMessages, [&] { to_daemon.RoundTrip(); }); });
}

}  // namespace

bool MeasureOneStream(const Options& options) {
  Progress("one stream, one step a message");
  const Pairs pairs = OverLives(options.pairs, Compare);
  PrintRoundTripHead("one stream, one step a message");
  PrintRoundTrips("echo, one queue", pairs.floor);
  PrintRoundTrips("recurd, digits", pairs.ours);
  PrintRatio("p50 ratio", pairs, &Block::p50_us);
  PrintRatio("cpu ratio", pairs, &Block::cpu_us);
  bool ok = BarAtMost("rpc_p50_ratio", pairs.Ratio(&Block::p50_us), 1.08);
  ok &= BarAtMost("rpc_cpu_1", pairs.Ratio(&Block::cpu_us), 1.2);
  ok &= BarAtMost("rpc_switches", Median(pairs.ours, &Block::switches), 1.0);
  return ok;
}

}  // namespace recurd::bench
