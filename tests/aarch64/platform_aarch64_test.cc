#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/pipeline/xrt/platform.h"

namespace recurd::board {
namespace {

TEST(PlatformAarch64Test, BarriersAndCacheMaintenanceRunAsAProgramAndKeepWhatMemoryHolds) {
  const auto barrier = MakeBarrier();
  std::vector<int> memory(4096);
  std::iota(memory.begin(), memory.end(), 1);
  const std::vector<int> before = memory;
  barrier->Clean(memory.data() + 3, 4000 * sizeof(int));
  barrier->Release();
  barrier->Acquire();
  barrier->Invalidate(memory.data() + 5, 4000 * sizeof(int));
  EXPECT_EQ(memory, before);
}

TEST(PlatformAarch64Test, WhoHasNoBoardIsToldWhatTheDriverNeeds) {
  EXPECT_NE(std::string(NoBoardHint()).find("zocl"), std::string::npos);
}

}  // namespace
}  // namespace recurd::board
