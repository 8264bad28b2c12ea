#ifndef RECURD_TESTS_VIRTUAL_BOARD_HAL_H_
#define RECURD_TESTS_VIRTUAL_BOARD_HAL_H_

#include <xrt.h>

#include <memory>

#include "tests/virtual_board/card.h"

// The two things that a driver of XRT 2.13 needs of the library's inside; libxrt_coreutil exports both.
namespace xrt_core {
class device {
 public:
  void register_axlf(const axlf* top);
};
std::shared_ptr<device> get_userpf_device(void* handle, unsigned int index);
}  // namespace xrt_core

namespace recurd {
namespace virtual_board {

// What an xclDeviceHandle is.
struct OpenCard {
  std::shared_ptr<xrt_core::device> core;
};

}  // namespace virtual_board
}  // namespace recurd

#endif  // RECURD_TESTS_VIRTUAL_BOARD_HAL_H_
