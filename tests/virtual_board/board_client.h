#ifndef RECURD_TESTS_VIRTUAL_BOARD_BOARD_CLIENT_H_
#define RECURD_TESTS_VIRTUAL_BOARD_BOARD_CLIENT_H_

#include <dlfcn.h>
#include <experimental/xrt_ip.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_graph.h>
#include <xrt/xrt_kernel.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/config/contract.h"
#include "tests/virtual_board/board_hooks.h"

namespace recurd {
namespace virtual_board {

// The functions of board_hooks.h. Precondition: the process has made an xrt::device.
struct BoardHooks {
  BoardHooks() {
    Find("recurd_board_acquire", &acquire);
    Find("recurd_board_release", &release);
    Find("recurd_board_clean", &clean);
    Find("recurd_board_invalidate", &invalidate);
    Find("recurd_board_set_faults", &set_faults);
    Find("recurd_board_power_cycle", &power_cycle);
    Find("recurd_board_counts", &read_counts);
  }
  RecurdBoardCounts counts() const {
    RecurdBoardCounts counts;
    read_counts(&counts);
    return counts;
  }

  void (*acquire)();
  void (*release)();
  void (*clean)(const void*, size_t);
  void (*invalidate)(const void*, size_t);
  int (*set_faults)(const char*);
  void (*power_cycle)();
  void (*read_counts)(RecurdBoardCounts*);

 private:
  template <class Function>
  static void Find(const char* name, Function* to) {
    *to = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
    if (*to == nullptr) throw std::runtime_error(std::string("the driver that XRT took has no ") + name);
  }
};

// The least that a host does to have jobs done on the board, through XRT: no checks, no recovery.
class BoardClient {
 public:
  static constexpr size_t kRingBytes = 1 << 16;

  BoardClient(xrt::device device, const std::string& xclbin)
      : device_(std::move(device)),
        uuid_(device_.load_xclbin(xclbin)),
        control(device_, uuid_, "control"),
        fetch(device_, uuid_, "fetch"),
        store(device_, uuid_, "store") {}

  void MakeRings(xrt::bo::flags flags = xrt::bo::flags::normal) {
    input = xrt::bo(device_, kRingBytes, flags, fetch.group_id(0));
    result = xrt::bo(device_, kRingBytes, flags, store.group_id(0));
  }
  void RunGraph() {
    graph.emplace(device_, uuid_, "gru");
    graph->run(-1);
  }
  void StartMovers() {
    const uint32_t beats = kRingBytes / 16;
    fetch_run = fetch(input, beats);
    store_run = store(result, beats);
  }
  void Start() {
    MakeRings();
    RunGraph();
    StartMovers();
  }

  // The words at the start of the input ring, results at the start of the result ring; no barriers.
  void Submit(const std::vector<uint32_t>& words) {
    std::copy(words.begin(), words.end(), input.map<uint32_t*>());
    hooks.release();
    control.write_register(hw::kRegInputOffset, 0);
    control.write_register(hw::kRegInputBeats, static_cast<uint32_t>(words.size()) / hw::kBeatWords);
    control.write_register(hw::kRegResultOffset, 0);
    control.write_register(hw::kRegSubmit, ++submitted);
  }
  const xrt::uuid& uuid() const { return uuid_; }
  uint32_t Read(uint32_t offset) { return control.read_register(offset); }
  // False if that isn't so within so many reads of the register.
  bool Await(uint32_t offset, uint32_t value, int reads = 20000) {
    for (int i = 0; i < reads; ++i) {
      if (Read(offset) == value) return true;
    }
    return false;
  }
  bool Done(int reads = 20000) { return Await(hw::kRegDone, submitted, reads); }
  bool Abort() {
    control.write_register(hw::kRegAbort, ++aborted);
    return Await(hw::kRegGeneration, aborted);
  }
  std::vector<uint32_t> Results(size_t words) {
    const uint32_t* from = result.map<uint32_t*>();
    return {from, from + words};
  }

 private:
  xrt::device device_;
  xrt::uuid uuid_;

 public:
  const BoardHooks hooks;
  xrt::ip control;
  xrt::kernel fetch, store;
  xrt::bo input, result;
  std::optional<xrt::graph> graph;
  xrt::run fetch_run, store_run;
  uint32_t submitted = 0, aborted = 0;
};

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_BOARD_CLIENT_H_
