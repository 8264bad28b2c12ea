#include "server/base/crc32c.h"

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace recurd {
namespace {

TEST(Crc32cTest, GivesTheVectorsOfRfc3720) {
  EXPECT_EQ(Crc32c(std::string(32, '\0').data(), 32), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xff').data(), 32), 0x62A8AB43u);
  EXPECT_EQ(Crc32c("123456789", 9), 0xE3069283u);
}

TEST(Crc32cTest, OfNothingIsZero) { EXPECT_EQ(Crc32c(nullptr, 0), 0u); }

TEST(Crc32cTest, GoesOnFromAnEarlierResult) {
  const char text[] = "one state, two pieces";
  const size_t size = std::strlen(text);
  for (size_t cut = 0; cut <= size; ++cut) {
    EXPECT_EQ(Crc32c(text + cut, size - cut, Crc32c(text, cut)), Crc32c(text, size)) << "cut at " << cut;
  }
}

}  // namespace
}  // namespace recurd
