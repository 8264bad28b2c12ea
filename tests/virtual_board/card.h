#ifndef RECURD_TESTS_VIRTUAL_BOARD_CARD_H_
#define RECURD_TESTS_VIRTUAL_BOARD_CARD_H_

#include <xrt.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hw/emu/board.h"
#include "tests/virtual_board/board_hooks.h"
#include "tests/virtual_board/control_port.h"
#include "tests/virtual_board/design.h"
#include "tests/virtual_board/device_memory.h"
#include "tests/virtual_board/fault_plan.h"

namespace recurd {
namespace virtual_board {

// Of whoever waits for what never comes.
[[noreturn]] void HangForEver();

// The one card of this process, with what the kernel driver (zocl) knows of it. It outlives all handles, as hardware
// does. All functions return 0 or an error of errno.h, negative, as XRT's do.
// Threads: through Call only, which has the lock.
class Card {
 public:
  static Card& Instance();

  // One call of XRT's under the lock: counts it, looks at the switches, and refuses it if the card is lost.
  // counter: what it counts as beside a system call, or null.   Returns what `call` does, or -ENODEV.
  template <class F>
  int64_t Call(uint64_t RecurdBoardCounts::*counter, F call);
  // The same for a register, which is no system call, and a barrier, which can't fail.
  template <class F>
  int64_t CallRegister(uint64_t RecurdBoardCounts::*counter, F call);
  template <class F>
  void CallHook(uint64_t RecurdBoardCounts::*counter, F call);

  DeviceMemory& memory() { return memory_; }
  FaultPlan& plan() { return plan_; }
  RecurdBoardCounts& counts() { return counts_; }
  bool lost() const { return lost_; }

  // zocl_xclbin_read_axlf (README.md).   Returns kHangs also: then it doesn't return yet, and is to be called again.
  static constexpr int kHangs = 1;
  int Load(const axlf* top);
  int OpenContext(const uint8_t* uuid, uint32_t kernel, bool shared);
  void CloseContext(uint32_t kernel);
  // A start of a kernel: the command as ert.h has it.
  int Execute(uint32_t command);

  int RegisterRead(uint32_t kernel, uint32_t offset, uint32_t* value);
  int RegisterWrite(uint32_t kernel, uint32_t offset, uint32_t value);

  // False if the array has no graph of that name.
  bool HasGraph(const std::string& name) const { return array_.has_value() && name == kGraph; }
  void RunGraph();
  int UpdateParameter(const std::string& port, const void* value, size_t bytes);
  bool graph_runs() const { return graph_runs_; }

  void PowerCycle();

 private:
  struct KernelState {
    std::string name;
    int contexts = 0;
    bool exclusive = false;
    bool busy = false;  // zocl waits for it
  };

  Card() : control_(&plan_, &memory_) {}
  void Look();
  int Program(const axlf* top, bool array_only);
  int MakeBoard();
  void MakeDirty();
  KernelState* Kernel(uint32_t number) { return number < kernels_.size() ? &kernels_[number] : nullptr; }
  bool IsControl(uint32_t kernel, uint32_t offset);
  void StartMoversIfBoth();

  std::mutex mutex_;
  FaultPlan plan_;
  RecurdBoardCounts counts_ = {};
  DeviceMemory memory_;
  ControlPort control_;
  bool begun_ = false, broken_ = false;
  bool lost_ = false;
  uint64_t dirty_revision_ = 0;  // of the switches that MakeDirty has acted on

  std::optional<std::array<uint8_t, 16>> uuid_;
  std::vector<KernelState> kernels_;
  std::optional<Design> pl_, array_;
  std::unique_ptr<emu::Board> board_;
  bool graph_runs_ = false;
  bool movers_run_ = false;
  std::optional<std::array<uint64_t, 2>> fetch_, store_;  // ring, beats
};

template <class F>
int64_t Card::Call(uint64_t RecurdBoardCounts::*counter, F call) {
  std::lock_guard lock(mutex_);
  ++counts_.system_calls;
  if (counter != nullptr) ++(counts_.*counter);
  Look();
  const int64_t result = lost_ || broken_ ? -ENODEV : call(*this);
  counts_.refused_calls += result < 0;
  return result;
}

template <class F>
int64_t Card::CallRegister(uint64_t RecurdBoardCounts::*counter, F call) {
  std::lock_guard lock(mutex_);
  if ((++(counts_.*counter) & 63) == 0) Look();
  const int64_t result = call(*this);
  counts_.refused_calls += result < 0;
  return result;
}

template <class F>
void Card::CallHook(uint64_t RecurdBoardCounts::*counter, F call) {
  std::lock_guard lock(mutex_);
  if (counter != nullptr) ++(counts_.*counter);
  call(*this);
}

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_CARD_H_
