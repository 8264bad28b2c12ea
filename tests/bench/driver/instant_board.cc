// A driver for the real XRT library whose board takes no time: what is left of a step then is the processor's. A
// doorbell writes the job's records, all zeros, before it returns; the device sees the memory that the host sees. A
// start of a kernel with no beats is done by a thread of its own, as an interrupt would; any other never is.
// Everything else is as on tests/virtual_board, but nothing is checked.
#include <ert.h>
#include <experimental/xrt-next.h>
#include <xrt.h>
#include <xrt/xrt_aie.h>
#include <xrt/xrt_graph.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "hw/config/contract.h"

// The two things that a driver of XRT 2.13 needs of the library's inside; libxrt_coreutil exports both.
namespace xrt_core {
class device {
 public:
  void register_axlf(const axlf* top);
};
std::shared_ptr<device> get_userpf_device(void* handle, unsigned int index);
}  // namespace xrt_core

namespace {

namespace hw = recurd::hw;

constexpr uint32_t kRingArgument = 0x10, kBeatsArgument = 0x1c;
constexpr uint32_t kHidden = 32, kInput = 8, kStateBeats = kHidden / hw::kBeatWords;

struct Memory {
  void* host;
  size_t bytes;
  uint32_t flags;
  bool owned;
};

class InstantBoard {
 public:
  static InstantBoard& Instance() {
    static InstantBoard& board = *new InstantBoard;
    return board;
  }

  xclBufferHandle Allocate(void* host, size_t bytes, uint32_t flags) {
    const std::lock_guard lock(mutex_);
    const bool owned = host == nullptr;
    if (owned) host = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    memories_[++last_] = {host, bytes, flags, owned};
    return last_;
  }
  void Free(xclBufferHandle handle) {
    const std::lock_guard lock(mutex_);
    if (memories_[handle].owned) std::free(memories_[handle].host);
    memories_.erase(handle);
  }
  Memory Find(xclBufferHandle handle) {
    const std::lock_guard lock(mutex_);
    return memories_[handle];
  }

  int Execute(xclBufferHandle handle) {
    auto* command = static_cast<ert_start_kernel_cmd*>(Find(handle).host);
    const uint32_t* registers = command->data + command->extra_cu_masks;
    const std::lock_guard lock(mutex_);
    command->state = ERT_CMD_STATE_RUNNING;
    if (registers[kBeatsArgument / 4] == 0) {
      waiting_ = command;
      begun_.notify_one();
      return 0;
    }
    uint64_t ring;
    std::memcpy(&ring, registers + kRingArgument / 4, sizeof ring);
    rings_[movers_++ % 2] = reinterpret_cast<uint32_t*>(ring);
    return 0;
  }
  int Wait(int timeout_ms) {
    std::unique_lock lock(mutex_);
    const auto timeout = std::chrono::milliseconds(timeout_ms < 0 ? 1000 : timeout_ms);
    if (!ended_.wait_for(lock, timeout, [this] { return done_commands_ > 0; })) return 0;
    --done_commands_;
    return 1;
  }

  // As a mapped register: a load, a store.
  uint32_t Read(uint32_t offset) const { return registers_[offset / 4]; }
  void Write(uint32_t offset, uint32_t value) {
    registers_[offset / 4] = value;
    if (offset == hw::kRegSubmit) DoJob();
    if (offset == hw::kRegAbort) registers_[hw::kRegGeneration / 4] = value;
  }

 private:
  InstantBoard() {
    registers_[hw::kRegMagic / 4] = hw::kMagic;
    registers_[hw::kRegAbi / 4] = hw::kAbiMajor << 16 | hw::kAbiMinor;
    registers_[hw::kRegGeometry / 4] = hw::PackGeometry(kHidden, kInput, 2, hw::kMappingLanes);
    registers_[hw::kRegNumerics / 4] = hw::PackNumerics(hw::kMappingLanes, 0, 1);  // tables, gru_after
    std::thread([this] { RunKernels(); }).detach();
  }

  [[noreturn]] void RunKernels() {
    for (std::unique_lock lock(mutex_);;) {
      begun_.wait(lock, [this] { return waiting_ != nullptr; });
      waiting_->state = ERT_CMD_STATE_COMPLETED;
      waiting_ = nullptr;
      ++done_commands_;
      ended_.notify_all();
    }
  }

  void DoJob() {
    const uint32_t offset = Read(hw::kRegInputOffset);
    const uint32_t* words = offset == hw::kInWindow ? &registers_[hw::kRegWindow / 4] : rings_[0] + offset * 4;
    const uint32_t* end = words + Read(hw::kRegInputBeats) * hw::kBeatWords;
    uint32_t* record = rings_[1] + Read(hw::kRegResultOffset) * hw::kBeatWords;
    while (words < end) {
      hw::Command command;
      std::memcpy(&command, words, sizeof command);
      const bool run = hw::OpOf(command.head) == hw::kOpRun, reload = hw::OpOf(command.head) == hw::kOpReload;
      for (uint32_t row = 0; row < (run ? command.steps : 1); ++row) {
        record = Record(record, reload ? 0 : kStateBeats, command.sequence, row);
      }
      words += hw::kBeatWords + (reload ? 0 : run ? command.steps * kInput : kHidden);
    }
    registers_[hw::kRegDone / 4] = Read(hw::kRegSubmit);
  }
  uint32_t* Record(uint32_t* to, uint32_t beats, uint32_t sequence, uint32_t row) {
    std::memset(to, 0, size_t{beats} * sizeof(hw::RecordEnd));
    to += beats * hw::kBeatWords;
    const uint32_t generation = Read(hw::kRegGeneration);
    const hw::RecordEnd end = {sequence, row, generation, hw::CheckBeat(0, sequence, row, generation, 0)};
    std::memcpy(to, &end, sizeof end);
    return to + hw::kBeatWords;
  }

  std::mutex mutex_;
  std::condition_variable begun_, ended_;
  std::map<xclBufferHandle, Memory> memories_;
  xclBufferHandle last_ = 0;
  ert_start_kernel_cmd* waiting_ = nullptr;
  int done_commands_ = 0;
  uint32_t* rings_[2] = {};
  int movers_ = 0;
  uint32_t registers_[hw::kRegisterBytes / 4] = {};
};

InstantBoard& Board() { return InstantBoard::Instance(); }

}  // namespace

extern "C" {

unsigned int xclProbe() { return 1; }
xclDeviceHandle xclOpen(unsigned int index, const char*, xclVerbosityLevel) {
  auto* core = new std::shared_ptr<xrt_core::device>;
  *core = xrt_core::get_userpf_device(core, index);
  return core;
}
void xclClose(xclDeviceHandle handle) { delete static_cast<std::shared_ptr<xrt_core::device>*>(handle); }
int xclGetDeviceInfo2(xclDeviceHandle, xclDeviceInfo2* info) {
  std::memset(info, 0, sizeof *info);
  std::strcpy(info->mName, "instant");
  return 0;
}
int xclLoadXclBin(xclDeviceHandle handle, const axlf* top) {
  (*static_cast<std::shared_ptr<xrt_core::device>*>(handle))->register_axlf(top);
  return 0;
}
int xclOpenContext(xclDeviceHandle, const xuid_t, unsigned int, bool) { return 0; }
int xclCloseContext(xclDeviceHandle, const xuid_t, unsigned int) { return 0; }
int xclExecBuf(xclDeviceHandle, xclBufferHandle command) { return Board().Execute(command); }
int xclExecWait(xclDeviceHandle, int timeout_ms) { return Board().Wait(timeout_ms); }
int xclRegRead(xclDeviceHandle, uint32_t, uint32_t offset, uint32_t* value) {
  *value = Board().Read(offset);
  return 0;
}
int xclRegWrite(xclDeviceHandle, uint32_t, uint32_t offset, uint32_t value) {
  Board().Write(offset, value);
  return 0;
}
xclBufferHandle xclAllocBO(xclDeviceHandle, size_t bytes, int, unsigned int flags) {
  return Board().Allocate(nullptr, bytes, flags);
}
xclBufferHandle xclAllocUserPtrBO(xclDeviceHandle, void* host, size_t bytes, unsigned int flags) {
  return Board().Allocate(host, bytes, flags);
}
void xclFreeBO(xclDeviceHandle, xclBufferHandle handle) { Board().Free(handle); }
void* xclMapBO(xclDeviceHandle, xclBufferHandle handle, bool) { return Board().Find(handle).host; }
int xclUnmapBO(xclDeviceHandle, xclBufferHandle, void*) { return 0; }
int xclSyncBO(xclDeviceHandle, xclBufferHandle, xclBOSyncDirection, size_t, size_t) { return 0; }
int xclGetBOProperties(xclDeviceHandle, xclBufferHandle handle, xclBOProperties* properties) {
  const Memory memory = Board().Find(handle);
  *properties = {handle, memory.flags, memory.bytes, reinterpret_cast<uint64_t>(memory.host), 0};
  return 0;
}

}  // extern "C"

void* xclGraphOpen(void*, const unsigned char*, const char*, xrt::graph::access_mode) { return &Board(); }
void xclGraphClose(void*) {}
int xclGraphRun(void*, int) { return 0; }
int xclGraphEnd(void*, uint64_t) { return 0; }
int xclGraphWait(void*, uint64_t) { return 0; }
int xclGraphWaitDone(void*, int) { return 0; }
int xclGraphUpdateRTP(void*, const char*, const char*, size_t) { return 0; }
int xclGraphReadRTP(void*, const char*, char*, size_t) { return -EINVAL; }
int xclAIEOpenContext(void*, xrt::aie::access_mode) { return 0; }
