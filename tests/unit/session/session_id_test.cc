#include "server/session/session_id.h"

#include <gtest/gtest.h>

#include <set>

namespace recurd {
namespace {

TEST(SessionIdTest, ItsTextComesBackAsTheSameId) {
  const SessionId id = {0x0123456789abcdefu, 0x00000000000000ffu};
  EXPECT_EQ(id.ToString(), "0123456789abcdef00000000000000ff");
  EXPECT_EQ(SessionId::Parse(id.ToString()), id);
}

TEST(SessionIdTest, RefusesWhatIsNot32LowerCaseHexDigits) {
  for (const char* text : {"", "0123", "0123456789ABCDEF00000000000000ff", "0123456789abcdef00000000000000f",
                           "0123456789abcdef00000000000000ff0", "0123456789abcdeg00000000000000ff"}) {
    EXPECT_FALSE(SessionId::Parse(text).has_value()) << text;
  }
}

TEST(SessionIdTest, RandomIdsDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(SessionId::Random().ToString());
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace recurd
