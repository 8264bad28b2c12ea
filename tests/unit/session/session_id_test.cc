#include "server/session/session_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace recurd {
namespace {

TEST(SessionIdTest, RandomIdsAreBearerIdsAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(RandomSessionId());
  EXPECT_EQ(seen.size(), 1000u);
  for (const std::string& id : seen) EXPECT_TRUE(IsBearerSessionId(id)) << id;
}

TEST(SessionIdTest, OnlyThirtyTwoLowerCaseHexDigitsAreABearerId) {
  EXPECT_TRUE(IsBearerSessionId("0123456789abcdef00000000000000ff"));
  for (const char* text : {"", "0123", "0123456789ABCDEF00000000000000ff", "0123456789abcdef00000000000000f",
                           "0123456789abcdef00000000000000ff0", "0123456789abcdeg00000000000000ff"}) {
    EXPECT_FALSE(IsBearerSessionId(text)) << text;
  }
}

TEST(SessionIdTest, RefusesIdsThatAreTooLongUnprintableOrHandles) {
  EXPECT_TRUE(CheckSessionId("pump 7 / left").ok());
  EXPECT_TRUE(CheckSessionId(std::string(kMaxSessionIdBytes, 'x')).ok());
  for (const std::string& id : {std::string(), std::string(kMaxSessionIdBytes + 1, 'x'), std::string("a\0b", 3),
                                std::string("a\nb"), std::string("\xc3\xa9"), std::string("@17")}) {
    EXPECT_FALSE(CheckSessionId(id).ok()) << id;
  }
}

TEST(SessionIdTest, AChosenIdIsPrivateToItsIdentityAndABearerIdIsNot) {
  EXPECT_NE(SessionKey("ann", "pump"), SessionKey("bob", "pump"));
  EXPECT_NE(SessionKey("", "pump"), SessionKey("bob", "pump"));
  EXPECT_EQ(SessionKey("ann", "0123456789abcdef00000000000000ff"),
            SessionKey("bob", "0123456789abcdef00000000000000ff"));
  EXPECT_EQ(SessionIdOf(SessionKey("ann", "pump")), "pump");
}

TEST(SessionIdTest, ShowsNoSecretWhole) {
  EXPECT_EQ(ShownSessionId("0123456789abcdef00000000000000ff"), "012345...");
  EXPECT_EQ(ShownSessionId("pump"), "'pump'");
}

}  // namespace
}  // namespace recurd
