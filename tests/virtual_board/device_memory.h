#ifndef RECURD_TESTS_VIRTUAL_BOARD_DEVICE_MEMORY_H_
#define RECURD_TESTS_VIRTUAL_BOARD_DEVICE_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "hw/emu/board.h"

namespace recurd {
namespace virtual_board {

// Buffers: what the host sees of each, what the device has, and when one reaches the other (board_hooks.h).
// Threads: one at a time.
class DeviceMemory : public emu::BoardMemory {
 public:
  struct Buffer {
    uint8_t* host = nullptr;  // null: the device alone
    bool host_mapped = false;
    bool cacheable = false;
    bool command = false;  // of the kernel driver's, nobody's cache in between
    uint32_t flags = 0;
    uint64_t address = 0;
    std::vector<uint8_t> device;
    std::vector<uint8_t> agreed;  // what both had last: another byte has been written since
    size_t touched_begin = ~size_t{0}, touched_end = 0;
  };

  DeviceMemory() = default;
  ~DeviceMemory() override;
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  // flags: as xclAllocBO. host: the caller's memory, or null to allocate. 0 if there is none.
  uint32_t Allocate(size_t bytes, uint32_t flags, void* host);
  // For the device alone.
  uint32_t AllocateHidden(size_t bytes);
  void Free(uint32_t handle);
  // Null if it isn't one.
  Buffer* Find(uint32_t handle);

  // What XRT's sync does: the range as it stands. False if it leaves the buffer.
  bool Sync(uint32_t handle, bool to_device, size_t bytes, size_t offset);
  // board_hooks.h.
  void Acquire();
  void Release();
  void Clean(const void* begin, size_t bytes);
  void Invalidate(const void* begin, size_t bytes);

  // For the device: what it touches may have been written.
  uint8_t* At(uint64_t address, size_t bytes) override;

 private:
  template <class Action>
  void ForLines(const void* begin, size_t bytes, Action action);

  std::map<uint32_t, Buffer> buffers_;
  uint32_t next_handle_ = 1;
  // Bank 0 of the xclbin. Never used twice: who keeps the address of a freed buffer reaches nothing.
  uint64_t next_address_ = 0x800100000;
};

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_DEVICE_MEMORY_H_
