#include "tests/virtual_board/device_memory.h"

#include <sys/mman.h>
#include <xrt_mem.h>

#include <algorithm>
#include <cstring>

namespace recurd {
namespace virtual_board {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kLine = 64;
constexpr size_t kGuard = kPage;  // between buffers

using Buffer = DeviceMemory::Buffer;

// What the host has written since reaches the device.
void Push(Buffer* buffer, size_t begin, size_t end) {
  if (std::memcmp(buffer->host + begin, &buffer->agreed[begin], end - begin) == 0) return;
  for (size_t i = begin; i < end; ++i) {
    if (buffer->host[i] != buffer->agreed[i]) buffer->agreed[i] = buffer->device[i] = buffer->host[i];
  }
}

// The host sees what the device has written since.
void Pull(Buffer* buffer, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (buffer->device[i] != buffer->agreed[i]) buffer->host[i] = buffer->agreed[i] = buffer->device[i];
  }
}

}  // namespace

DeviceMemory::~DeviceMemory() {
  while (!buffers_.empty()) Free(buffers_.begin()->first);
}

uint32_t DeviceMemory::Allocate(size_t bytes, uint32_t flags, void* host) {
  if (bytes == 0) return 0;
  Buffer buffer;
  buffer.flags = flags;
  buffer.cacheable = (flags & XCL_BO_FLAGS_CACHEABLE) != 0;
  buffer.command = (flags & XCL_BO_FLAGS_EXECBUF) != 0;
  if (host == nullptr) {
    host = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (host == MAP_FAILED) return 0;
    buffer.host_mapped = true;
  }
  buffer.host = static_cast<uint8_t*>(host);
  std::memset(host, 0, bytes);  // as zocl's is; for amd64's XRT, memory that the caller gives is XRT's own
  buffer.device.resize(bytes);
  buffer.agreed.resize(bytes);
  buffer.address = next_address_;
  next_address_ += (bytes + kGuard + kPage - 1) / kPage * kPage;
  buffers_[next_handle_] = std::move(buffer);
  return next_handle_++;
}

uint32_t DeviceMemory::AllocateHidden(size_t bytes) {
  Buffer buffer;
  buffer.device.resize(bytes);
  buffer.address = next_address_;
  next_address_ += (bytes + kGuard + kPage - 1) / kPage * kPage;
  buffers_[next_handle_] = std::move(buffer);
  return next_handle_++;
}

void DeviceMemory::Free(uint32_t handle) {
  const auto found = buffers_.find(handle);
  if (found == buffers_.end()) return;
  if (found->second.host_mapped) munmap(found->second.host, found->second.device.size());
  buffers_.erase(found);
}

DeviceMemory::Buffer* DeviceMemory::Find(uint32_t handle) {
  const auto found = buffers_.find(handle);
  return found == buffers_.end() ? nullptr : &found->second;
}

bool DeviceMemory::Sync(uint32_t handle, bool to_device, size_t bytes, size_t offset) {
  Buffer* buffer = Find(handle);
  if (buffer == nullptr || buffer->host == nullptr) return false;
  if (offset > buffer->device.size() || bytes > buffer->device.size() - offset) return false;
  uint8_t* const host = buffer->host + offset;
  uint8_t* const device = buffer->device.data() + offset;
  std::memcpy(to_device ? device : host, to_device ? host : device, bytes);
  std::memcpy(buffer->agreed.data() + offset, device, bytes);
  return true;
}

void DeviceMemory::Acquire() {
  for (auto& [handle, buffer] : buffers_) {
    if (buffer.host == nullptr || buffer.cacheable || buffer.touched_begin >= buffer.touched_end) continue;
    Pull(&buffer, buffer.touched_begin, buffer.touched_end);
    buffer.touched_begin = ~size_t{0};
    buffer.touched_end = 0;
  }
}

void DeviceMemory::Release() {
  for (auto& [handle, buffer] : buffers_) {
    if (buffer.host == nullptr || buffer.cacheable || buffer.command) continue;
    const size_t size = buffer.device.size();
    for (size_t begin = 0; begin < size; begin += kPage) Push(&buffer, begin, std::min(size, begin + kPage));
  }
}

template <class Action>
void DeviceMemory::ForLines(const void* begin, size_t bytes, Action action) {
  const uintptr_t from = reinterpret_cast<uintptr_t>(begin) / kLine * kLine;
  const uintptr_t to = reinterpret_cast<uintptr_t>(begin) + bytes;
  for (auto& [handle, buffer] : buffers_) {
    const uintptr_t first = reinterpret_cast<uintptr_t>(buffer.host), last = first + buffer.device.size();
    if (buffer.host == nullptr || !buffer.cacheable) continue;
    for (uintptr_t line = std::max(from, first); line < std::min(to, last); line += kLine) {
      action(&buffer, line - first, std::min<size_t>(line - first + kLine, buffer.device.size()));
    }
  }
}

void DeviceMemory::Clean(const void* begin, size_t bytes) {
  ForLines(begin, bytes, [](Buffer* buffer, size_t from, size_t to) {
    if (std::memcmp(buffer->host + from, &buffer->agreed[from], to - from) == 0) return;
    std::memcpy(&buffer->device[from], buffer->host + from, to - from);
    std::memcpy(&buffer->agreed[from], buffer->host + from, to - from);
  });
}

void DeviceMemory::Invalidate(const void* begin, size_t bytes) {
  Clean(begin, bytes);
  ForLines(begin, bytes, [](Buffer* buffer, size_t from, size_t to) {
    std::memcpy(buffer->host + from, &buffer->device[from], to - from);
    std::memcpy(&buffer->agreed[from], &buffer->device[from], to - from);
  });
}

uint8_t* DeviceMemory::At(uint64_t address, size_t bytes) {
  for (auto& [handle, buffer] : buffers_) {
    const size_t size = buffer.device.size();
    if (address < buffer.address || address - buffer.address > size) continue;
    const size_t offset = address - buffer.address;
    if (bytes > size - offset) continue;
    buffer.touched_begin = std::min(buffer.touched_begin, offset);
    buffer.touched_end = std::max(buffer.touched_end, offset + bytes);
    return buffer.device.data() + offset;
  }
  return nullptr;
}

}  // namespace virtual_board
}  // namespace recurd
