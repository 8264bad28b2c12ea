// XRT's functions of the device: opening, xclbins, contexts, kernels, registers. <xrt.h> says what each has to do.
#include <experimental/xrt-next.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "tests/virtual_board/hal.h"

namespace {

using Counts = RecurdBoardCounts;
using recurd::virtual_board::Card;
using recurd::virtual_board::OpenCard;

constexpr char kName[] = "xilinx_vck190_virtual";

}  // namespace

extern "C" {

unsigned int xclProbe() { return 1; }

xclDeviceHandle xclOpen(unsigned int index, const char*, xclVerbosityLevel) {
  const bool there = Card::Instance().Call(nullptr, [&](Card&) { return index == 0 ? 0 : -ENODEV; }) == 0;
  if (!there) return nullptr;
  auto* open = new OpenCard;
  open->core = xrt_core::get_userpf_device(open, index);
  return open;
}

void xclClose(xclDeviceHandle handle) {
  Card::Instance().CallHook(&Counts::system_calls, [](Card&) {});
  delete static_cast<OpenCard*>(handle);
}

int xclGetDeviceInfo2(xclDeviceHandle, xclDeviceInfo2* info) {
  std::memset(info, 0, sizeof(*info));
  std::memcpy(info->mName, kName, sizeof(kName));
  return 0;
}

int xclLoadXclBin(xclDeviceHandle handle, const axlf* top) {
  int error;
  while ((error = Card::Instance().Call(&Counts::loads, [&](Card& card) { return card.Load(top); })) == Card::kHangs) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (error == 0) static_cast<OpenCard*>(handle)->core->register_axlf(top);
  return error;
}

int xclOpenContext(xclDeviceHandle, const xuid_t uuid, unsigned int kernel, bool shared) {
  return Card::Instance().Call(nullptr, [&](Card& card) { return card.OpenContext(uuid, kernel, shared); });
}

// Succeeds on a lost card too: XRT throws in destructors if it doesn't, which ends the process.
int xclCloseContext(xclDeviceHandle, const xuid_t, unsigned int kernel) {
  Card::Instance().CallHook(&Counts::system_calls, [&](Card& card) { card.CloseContext(kernel); });
  return 0;
}

int xclExecBuf(xclDeviceHandle, xclBufferHandle command) {
  return Card::Instance().Call(&Counts::commands, [&](Card& card) { return card.Execute(command); });
}

// No kernel here ever completes.
int xclExecWait(xclDeviceHandle, int timeout_ms) {
  Card::Instance().Call(nullptr, [](Card&) { return 0; });
  std::this_thread::sleep_for(std::chrono::milliseconds(timeout_ms < 0 ? 1000 : timeout_ms));
  return 0;
}

int xclRegRead(xclDeviceHandle, uint32_t kernel, uint32_t offset, uint32_t* value) {
  return Card::Instance().CallRegister(&Counts::register_reads,
                                       [&](Card& card) { return card.RegisterRead(kernel, offset, value); });
}

int xclRegWrite(xclDeviceHandle, uint32_t kernel, uint32_t offset, uint32_t value) {
  return Card::Instance().CallRegister(&Counts::register_writes,
                                       [&](Card& card) { return card.RegisterWrite(kernel, offset, value); });
}

}  // extern "C"
