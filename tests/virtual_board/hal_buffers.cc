// XRT's functions of buffers. <xrt.h> says what each has to do.
#include <xrt.h>

#include <cerrno>

#include "tests/virtual_board/card.h"

namespace {

using Counts = RecurdBoardCounts;
using recurd::virtual_board::Card;
using Buffer = recurd::virtual_board::DeviceMemory::Buffer;

xclBufferHandle Allocate(size_t bytes, unsigned int flags, void* host) {
  const int64_t handle = Card::Instance().Call(&Counts::allocations, [&](Card& card) -> int64_t {
    if (card.plan().Strike("alloc")) return -EIO;
    const uint32_t made = card.memory().Allocate(bytes, flags, host);
    return made == 0 ? -ENOMEM : made;
  });
  return handle < 0 ? XRT_NULL_BO : static_cast<xclBufferHandle>(handle);
}

}  // namespace

extern "C" {

xclBufferHandle xclAllocBO(xclDeviceHandle, size_t bytes, int, unsigned int flags) {
  return Allocate(bytes, flags, nullptr);
}

xclBufferHandle xclAllocUserPtrBO(xclDeviceHandle, void* host, size_t bytes, unsigned int flags) {
  return Allocate(bytes, flags, host);
}

void xclFreeBO(xclDeviceHandle, xclBufferHandle handle) {
  Card::Instance().CallHook(&Counts::system_calls, [&](Card& card) {
    ++card.counts().allocations;
    card.memory().Free(handle);
  });
}

void* xclMapBO(xclDeviceHandle, xclBufferHandle handle, bool) {
  void* host = nullptr;
  Card::Instance().Call(nullptr, [&](Card& card) {
    const Buffer* buffer = card.memory().Find(handle);
    if (buffer != nullptr) host = buffer->host;
    return host == nullptr ? -EINVAL : 0;
  });
  return host;
}

// The memory goes with the buffer.
int xclUnmapBO(xclDeviceHandle, xclBufferHandle, void*) {
  Card::Instance().CallHook(&Counts::system_calls, [](Card&) {});
  return 0;
}

int xclSyncBO(xclDeviceHandle, xclBufferHandle handle, xclBOSyncDirection direction, size_t bytes, size_t offset) {
  return Card::Instance().Call(&Counts::syncs, [&](Card& card) {
    if (card.plan().Strike("sync")) return -EIO;
    return card.memory().Sync(handle, direction == XCL_BO_SYNC_BO_TO_DEVICE, bytes, offset) ? 0 : -EINVAL;
  });
}

int xclGetBOProperties(xclDeviceHandle, xclBufferHandle handle, xclBOProperties* properties) {
  return Card::Instance().Call(nullptr, [&](Card& card) {
    const Buffer* buffer = card.memory().Find(handle);
    if (buffer == nullptr) return -EINVAL;
    *properties = {handle, buffer->flags, buffer->device.size(), buffer->address, 0};
    return 0;
  });
}

}  // extern "C"
