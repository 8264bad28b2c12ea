// What XRT may call and this board has not: each says so. Names without a header are those that libxrt_swemu.a asks
// for.
#include <experimental/xrt-next.h>
#include <xrt.h>
#include <xrt/xrt_aie.h>
#include <xrt/xrt_bo.h>

#include <cerrno>
#include <cstdint>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

extern "C" {

int xclReClock2(xclDeviceHandle, unsigned short, const unsigned short*) { return -ENOTSUP; }
int xclP2pEnable(xclDeviceHandle, bool, bool) { return -ENOTSUP; }
int xclCopyBO(xclDeviceHandle, xclBufferHandle, xclBufferHandle, size_t, size_t, size_t) { return -ENOTSUP; }
xclBufferExportHandle xclExportBO(xclDeviceHandle, xclBufferHandle) { return -ENOTSUP; }
xclBufferHandle xclImportBO(xclDeviceHandle, xclBufferExportHandle, unsigned int) { return XRT_NULL_BO; }
size_t xclRead(xclDeviceHandle, xclAddressSpace, uint64_t, void*, size_t) { return 0; }
size_t xclWrite(xclDeviceHandle, xclAddressSpace, uint64_t, const void*, size_t) { return 0; }
ssize_t xclUnmgdPread(xclDeviceHandle, unsigned int, void*, size_t, uint64_t) { return -1; }
ssize_t xclUnmgdPwrite(xclDeviceHandle, unsigned int, const void*, size_t, uint64_t) { return -1; }

}  // extern "C"

int xclLoadXclBinMeta(void*, const axlf*) { return -ENOTSUP; }
int xclCmaEnable(void*, bool, uint64_t) { return -ENOTSUP; }
int xclCloseExportHandle(int) { return -ENOTSUP; }
int xclInternalResetDevice(void*, xclResetKind) { return -ENOTSUP; }
int xclUpdateSchedulerStat(void*) { return 0; }
int xclGraphReset(void*) { return -ENOTSUP; }
uint64_t xclGraphTimeStamp(void*) { return 0; }
int xclGraphSuspend(void*) { return -ENOTSUP; }
int xclGraphResume(void*) { return -ENOTSUP; }
int xclSyncBOAIE(void*, xrt::bo&, const char*, xclBOSyncDirection, size_t, size_t) { return -ENOTSUP; }
int xclSyncBOAIENB(void*, xrt::bo&, const char*, xclBOSyncDirection, size_t, size_t) { return -ENOTSUP; }
int xclGMIOWait(void*, const char*) { return -ENOTSUP; }
int xclResetAIEArray(void*) { return -ENOTSUP; }
int xclStartProfiling(void*, int, const char*, const char*, uint32_t) { return -ENOTSUP; }
uint64_t xclReadProfiling(void*, int) { return 0; }
int xclStopProfiling(void*, int) { return -ENOTSUP; }

// Two members that Debian's static emulation library asks for and never calls here.
namespace xrt_core {
namespace query {
enum class key_type;
}
}  // namespace xrt_core
namespace xclcpuemhal2 {
struct CpuemShim {
  static CpuemShim* handleCheck(void*);
  unsigned deviceQuery(xrt_core::query::key_type);
};
CpuemShim* CpuemShim::handleCheck(void*) { return nullptr; }
unsigned CpuemShim::deviceQuery(xrt_core::query::key_type) { return 0; }
}  // namespace xclcpuemhal2
