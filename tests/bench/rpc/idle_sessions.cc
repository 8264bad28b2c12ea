// What sessions that send nothing cost the one that does. The bare echo tells gRPC's share: built with assertions, as
// Debian's 1.51 is, it looks for each event in a list of all that its queue waits for, two of a stream
// (src/core/lib/surface/completion_queue.cc, cq_check_tag). Detached sessions wait for nothing on the queue.
#include <string>

#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/detached_sessions.h"
#include "tests/bench/rpc/echo_process.h"
#include "tests/bench/rpc/flocks.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

constexpr int kSessions = 10'000, kConnections = 4;

// The same messages to two servers, of which the second has idle streams.
template <typename Link>
Pairs Compare(int count, const Child& quiet, const std::string& quiet_address, const Child& full,
              const std::string& full_address) {
  Link alone(quiet_address), among(full_address);
  return Alternate(
      count, [&] { return Measure(quiet, kMessages, [&] { alone.RoundTrip(); }); },
      [&] { return Measure(full, kMessages, [&] { among.RoundTrip(); }); });
}

Pairs CompareEchoes(int count) {
  const EchoProcess quiet(kCpu), full(kCpu);
  EchoFlock idle(EchoTalk(full.address(), kConnections), kSessions);
  idle.Run(kSessions);
  idle.CheckWhole();
  return Compare<EchoLink>(count, quiet, quiet.address(), full, full.address());
}

Pairs CompareAttached(int count) {
  const Daemon quiet({}, kCpu), full({}, kCpu);
  const auto idle = OpenSessions(full.address(), kSessions, kConnections, 1);
  return Compare<NativeLink>(count, quiet, quiet.address(), full, full.address());
}

Pairs CompareDetached(int count) {
  const Daemon quiet({}, kCpu), full({}, kCpu);
  ImportSessions(full.address(), kSessions);
  return Compare<NativeLink>(count, quiet, quiet.address(), full, full.address());
}

Pairs Measured(const Options& options, const char* what, Pairs (*compare)(int)) {
  Progress(what);
  return OverLives(options.pairs, compare);
}

}  // namespace

bool MeasureIdleSessions(const Options& options) {
  const Pairs echo = Measured(options, "10,000 idle streams of the bare echo", CompareEchoes);
  const Pairs daemon = Measured(options, "10,000 idle sessions", CompareAttached);
  const Pairs detached = Measured(options, "10,000 detached sessions", CompareDetached);
  PrintRoundTripHead("one stream, one step a message, beside idle ones on 4 other connections");
  PrintRoundTrips("echo, alone", echo.floor);
  PrintRoundTrips("echo, 10,000 idle streams", echo.ours);
  PrintRoundTrips("recurd, alone", daemon.floor);
  PrintRoundTrips("recurd, 10,000 idle sessions", daemon.ours);
  PrintRoundTrips("recurd, 10,000 detached", detached.ours);
  PrintRatio("p50 ratio, echo", echo, &Block::p50_us);
  PrintRatio("p50 ratio, recurd", daemon, &Block::p50_us);
  const double raw = daemon.Ratio(&Block::p50_us);
  bool ok = BarAtMost("rpc_idle_10000", raw, 1.1);
  ok &= BarAtMost("rpc_idle_10000_over_echo", raw / echo.Ratio(&Block::p50_us), 1.1);
  ok &= BarAtMost("rpc_detached_10000", detached.Ratio(&Block::p50_us), 1.1);
  return ok;
}

}  // namespace recurd::bench
