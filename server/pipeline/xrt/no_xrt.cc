// In place of xrt_device.cc where there is no library to build with.
#include "server/pipeline/xrt/device.h"

namespace recurd::board {

absl::StatusOr<std::unique_ptr<Device>> OpenDevice(const DeviceOptions&) {
  return absl::UnimplementedError(
      "this binary was built without the pipeline \"xrt\"; it has: cpu, sim. Build it where AMD's XRT library is "
      "installed, with -DRECURD_XRT=ON");
}

}  // namespace recurd::board
