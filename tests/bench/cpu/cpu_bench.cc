// A recurrent step of ours beside those of oneDNN, ONNX Runtime and PyTorch, and beside reading the weights once: one
// thread, batch one, blocks of both by turns in this process. Bars: bars.cc.
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/cpu/bars.h"
#include "tests/bench/cpu/machine.h"
#include "tests/bench/cpu/measure.h"
#include "tests/bench/cpu/report.h"

namespace recurd::bench {
namespace {

constexpr Size kSizes[] = {{6, 20}, {32, 32}, {64, 64}, {128, 128}, {256, 256}};
constexpr LayerCell kCells[] = {LayerCell::kGruResetAfter, LayerCell::kGruResetBefore, LayerCell::kLstm};

struct Options {
  BlockOptions blocks;
  bool quick = false, peers = true;
  std::string svg;
};

constexpr char kUsage[] =
    "usage: cpu_bench [--pairs=N] [--quick] [--peers=none] [--svg=FILE]\n"
    "  --pairs=N      alternated pairs of blocks of each comparison, 1 to 10000 (default 201)\n"
    "  --quick        a few short blocks: all of it runs, its figures mean nothing, no bar fails\n"
    "  --peers=none   ours only\n"
    "  --svg=FILE     draws what others take, ours being 1\n"
    "Prints \"bar NAME VALUE LIMIT ok|short|skipped\" for each bar and exits 1 if one is short or a peer is wrong.\n";

bool Starts(const std::string& flag, const char* with) { return flag.rfind(with, 0) == 0; }

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--quick") {
      options->quick = true;
      options->blocks = {.pairs = 3, .block_ns = 50'000};
    } else if (flag == "--peers=none") {
      options->peers = false;
    } else if (Starts(flag, "--pairs=")) {
      options->blocks.pairs = std::atoi(argv[i] + std::strlen("--pairs="));
    } else if (Starts(flag, "--svg=") && flag != "--svg=") {
      options->svg = flag.substr(std::strlen("--svg="));
    } else {
      std::fprintf(stderr, "cpu_bench: unknown flag '%s'\n", argv[i]);
      return false;
    }
  }
  return options->blocks.pairs >= 1 && options->blocks.pairs <= 10'000;
}

// This thread stays where it is: elsewhere its caches are cold.
void StayOnThisCpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(sched_getcpu(), &set);
  sched_setaffinity(0, sizeof set, &set);
}

std::vector<NamedPeer> FindPeers(const Options& options) {
  std::vector<NamedPeer> peers = options.peers ? LoadPeers() : NoPeers();
  for (const NamedPeer& peer : peers) {
    if (peer.peer) {
      std::printf("peer: %s\n", peer.peer->Version().c_str());
    } else {
      std::printf("peer: %s is skipped: %s\n", peer.title.c_str(), peer.absence.c_str());
    }
  }
  return peers;
}

int Run(const Options& options) {
  std::fputs(DescribeMachine().c_str(), stdout);
  const std::vector<NamedPeer> peers = FindPeers(options);
  StayOnThisCpu();
  std::vector<Result> results;
  for (const int steps : {1, 100}) {
    for (const LayerCell cell : kCells) {
      PrintHead(cell, steps);
      for (const Size size : kSizes) {
        results.push_back(Measure(cell, size, steps, peers, options.blocks));
        PrintResult(results.back());
      }
    }
  }
  std::printf(
      "\nMedian of %d pairs of blocks of %.2f ms of thread CPU time. Errors: at least 100 fed-back steps against "
      "double\n"
      "precision and unrounded weights. Bars: our time / theirs; set on an Intel core with AVX-512 (family 6, model "
      "207)\n"
      "with 48 KiB L1 and 2 MiB L2.\n",
      options.blocks.pairs, options.blocks.block_ns / 1e6);
  const bool ok = PrintBars(results);
  if (!options.svg.empty()) {
    std::ofstream file(options.svg);
    if (!(file << RenderSvg(ChartOf(results, peers)))) throw std::runtime_error("can't write " + options.svg);
  }
  return ok || options.quick ? 0 : 1;
}

}  // namespace
}  // namespace recurd::bench

int main(int argc, char** argv) {
  using namespace recurd::bench;  // NOLINT(google-build-using-namespace)
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) return std::fputs(kUsage, stdout), 0;
  Options options;
  if (!Parse(argc, argv, &options)) return std::fputs(kUsage, stderr), 2;
  setenv("OMP_NUM_THREADS", "1", 1);  // before a peer's library starts its threads
  try {
    return Run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cpu_bench: %s\n", error.what());
    return 1;
  }
}
