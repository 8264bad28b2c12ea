#include "server/rpc/grpc_log.h"

#include <gmock/gmock.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

namespace recurd {
namespace {

TEST(GrpcLogTest, HasTenLinesASecondAndTellsHowManyItLeftOut) {
  ::testing::internal::CaptureStderr();
  ShareLogWithGrpc();
  for (int i = 0; i < 500; ++i) gpr_log(GPR_ERROR, "handshake %d failed", i);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  gpr_log(GPR_ERROR, "the next second");
  gpr_set_log_function(nullptr);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_LE(std::count(log.begin(), log.end(), '\n'), 24);  // the 500 may have met the end of a second
  EXPECT_THAT(log, ::testing::ContainsRegex("error gRPC: handshake 0 failed"));
  EXPECT_THAT(log, ::testing::ContainsRegex("warning gRPC: 4[789][0-9] more lines"));
  EXPECT_THAT(log, ::testing::HasSubstr("the next second"));
}

}  // namespace
}  // namespace recurd
