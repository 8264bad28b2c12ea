// The same with many streams on one connection, each with one message on its way.
#include <cstdio>
#include <string>

#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/echo_process.h"
#include "tests/bench/rpc/flocks.h"
#include "tests/bench/rpc/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

constexpr int kBlockMessages = 10'000;

void PrintRow(const char* name, const std::vector<Block>& blocks) {
  std::printf("%-30s %11.0f %13.2f %11.1f\n", name, Median(blocks, &Block::per_second),
              Median(blocks, &Block::switches), Median(blocks, &Block::cpu_us));
}

Pairs Compare(int streams, int count) {
  const EchoProcess echo(kCpu);
  const Daemon daemon({}, kCpu);
  EchoFlock to_echo(EchoTalk(echo.address()), streams);
  const auto to_daemon = OpenSessions(daemon.address(), streams, 1);
  Pairs pairs = Alternate(
      count, [&] { return MeasureWhole(echo, kBlockMessages, [&] { to_echo.Run(kBlockMessages); }); },
      [&] { return MeasureWhole(daemon, kBlockMessages, [&] { to_daemon->Run(kBlockMessages); }); });
  to_echo.CheckWhole();
  to_daemon->CheckWhole();
  return pairs;
}

bool MeasureStreams(const Options& options, int streams) {
  const std::string title = std::to_string(streams) + " streams, one step a message";
  Progress(title);
  const Pairs pairs = OverLives(options.pairs, [&](int count) { return Compare(streams, count); });
  std::printf("\n%s\n%-30s %11s %13s %11s\n", title.c_str(), "", "messages/s", "switches/msg", "cpu us/msg");
  PrintRow("echo, one queue", pairs.floor);
  PrintRow("recurd, digits", pairs.ours);
  PrintRatio("cpu ratio", pairs, &Block::cpu_us);
  return BarAtMost(("rpc_cpu_" + std::to_string(streams)).c_str(), pairs.Ratio(&Block::cpu_us), 1.2);
}

}  // namespace

bool MeasureManyStreams(const Options& options) {
  const bool few = MeasureStreams(options, 8);
  const bool many = MeasureStreams(options, 64);
  return few && many;
}

}  // namespace recurd::bench
