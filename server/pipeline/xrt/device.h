#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/pipeline/xrt/platform.h"

namespace recurd::board {

// Memory that the processor and the PL share. Whole pages, mapped as long as the object lives.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual uint32_t* words() = 0;
  virtual size_t bytes() const = 0;
};

enum class Caching { kUncached, kCacheable };

// A board with the design of hw/ on it: what the vendor's library does, and nothing of the contract's meaning.
// Threads: one at a time.
class Device {
 public:
  virtual ~Device() = default;

  // For the step loop: registers of the PL control block (hw/config/contract.h), a load or a store each and no system
  // call. False if the library threw.
  virtual bool Read(uint32_t offset, uint32_t* value) = 0;
  virtual bool Write(uint32_t offset, uint32_t value) = 0;
  virtual const Barrier& barrier() const = 0;

  // All else makes system calls. Errors: UNAVAILABLE with the library's own words.

  // The platform's name.
  virtual std::string name() const = 0;
  // Writes zeros to all memories of the array and loads its program again; nothing runs then. The PL isn't touched:
  // the library has no call that resets it.
  virtual absl::Status ReloadArray() = 0;
  // The graph runs until the array is reloaded. It is never ended: graph.end() would wait for it for ever.
  virtual absl::Status RunGraph() = 0;
  // Errors also: INVALID_ARGUMENT if the graph has no such port of that size.
  virtual absl::Status UpdateParameter(const std::string& port, const void* value, size_t bytes) = 0;
  virtual absl::StatusOr<std::unique_ptr<Buffer>> Allocate(size_t bytes, Caching caching) = 0;
  // Starts the two kernels that move words from the one buffer and to the other. They never end.
  virtual absl::Status StartMovers(Buffer& input, Buffer& result) = 0;
  // What BUILD_ID has to be, if the xclbin comes with that.
  virtual std::optional<uint32_t> expected_build_id() const { return std::nullopt; }
};

struct DeviceOptions {
  int index = 0;
  std::string xclbin;      // the whole design; a file build_id beside it holds its BUILD_ID, 0x and hexadecimal digits
  std::string aie_xclbin;  // the array alone; "": aie_only.xclbin beside `xclbin`, if there is one
};

// Opens a board and loads the xclbin. Reads the environment's XILINX_XRT, as the library does.
// Errors: NOT_FOUND without a file, a board or a library; INVALID_ARGUMENT for a file that is no xclbin or has not what
// the design has; UNIMPLEMENTED in a program built without the library.
absl::StatusOr<std::unique_ptr<Device>> OpenDevice(const DeviceOptions& options);

}  // namespace recurd::board
