// XRT's functions of the array. They have no header of their own: the names are those that libxrt_swemu.a asks for.
#include <xrt.h>
#include <xrt/xrt_aie.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_graph.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "tests/virtual_board/card.h"

namespace {

using Counts = RecurdBoardCounts;
using recurd::virtual_board::Card;
using recurd::virtual_board::HangForEver;

// There is one graph, and the card has it.
struct OpenGraph {
  bool ran = false;
};

template <class F>
int GraphCall(F call) {
  return static_cast<int>(Card::Instance().Call(&Counts::graph_calls, call));
}

bool Runs() {
  return GraphCall([](Card& card) { return card.graph_runs() ? 1 : 0; }) == 1;
}

}  // namespace

void* xclGraphOpen(void*, const unsigned char*, const char* name, xrt::graph::access_mode) {
  const bool there = GraphCall([&](Card& card) { return card.HasGraph(name) ? 0 : -ENOENT; }) == 0;
  return there ? new OpenGraph : nullptr;
}

void xclGraphClose(void* graph) { delete static_cast<OpenGraph*>(graph); }

// Once a handle. Whether somebody has left the array running it doesn't know.
int xclGraphRun(void* graph, int) {
  return GraphCall([&](Card& card) {
    if (static_cast<OpenGraph*>(graph)->ran) return -EINVAL;
    static_cast<OpenGraph*>(graph)->ran = true;
    card.RunGraph();
    return 0;
  });
}

// Without cycles, XRT waits for cores that never end.
int xclGraphEnd(void*, uint64_t cycles) {
  const bool hangs = GraphCall([](Card& card) { return card.graph_runs() && card.plan().Strike("end") ? 1 : 0; }) == 1;
  if (hangs || (cycles == 0 && Runs())) HangForEver();
  return 0;
}

int xclGraphWait(void*, uint64_t cycles) {
  if (cycles == 0 && Runs()) HangForEver();
  return 0;
}

int xclGraphWaitDone(void*, int timeout_ms) {
  if (!Runs()) return 0;
  if (timeout_ms < 0) HangForEver();
  std::this_thread::sleep_for(std::chrono::milliseconds(timeout_ms));
  return -ETIME;
}

int xclGraphUpdateRTP(void*, const char* port, const char* value, size_t bytes) {
  return static_cast<int>(
      Card::Instance().Call(&Counts::updates, [&](Card& card) { return card.UpdateParameter(port, value, bytes); }));
}

// Parameters of kernels that only read them can't be read back.
int xclGraphReadRTP(void*, const char*, char*, size_t) {
  return GraphCall([](Card&) { return -EINVAL; });
}

int xclAIEOpenContext(void*, xrt::aie::access_mode) {
  return GraphCall([](Card&) { return 0; });
}
