#include "server/session/store/redis_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace recurd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ErrorOf(const std::string& text) {
  const auto address = RedisAddress::Parse(text);
  EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(address.status().message());
}

TEST(RedisAddressTest, HoldsHostPortAndDatabase) {
  const auto address = RedisAddress::Parse("redis://cache.example:6379/12");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "cache.example");
  EXPECT_EQ(address->port, 6379);
  EXPECT_EQ(address->database, 12);
}

TEST(RedisAddressTest, TheDatabaseIsTheFirstUnlessItIsNamed) {
  EXPECT_EQ(RedisAddress::Parse("redis://127.0.0.1:1")->ToString(), "redis://127.0.0.1:1/0");
  EXPECT_EQ(RedisAddress::Parse("redis://127.0.0.1:1/")->ToString(), "redis://127.0.0.1:1/0");
}

TEST(RedisAddressTest, Ipv6AddressesStandInBrackets) {
  const auto address = RedisAddress::Parse("redis://[::1]:6379");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->ToString(), "redis://[::1]:6379/0");
  EXPECT_THAT(ErrorOf("redis://::1:6379"), HasSubstr("in brackets"));
  EXPECT_THAT(ErrorOf("redis://[name]:6379"), HasSubstr("in brackets"));
}

TEST(RedisAddressTest, AnErrorNamesTheTextAndTheForm) {
  EXPECT_THAT(ErrorOf("rediss://a:1"), HasSubstr("'rediss://a:1': it doesn't begin with redis://"));
  EXPECT_THAT(ErrorOf("redis://a"), HasSubstr("the port must be 1 to 65535; the form is redis://HOST:PORT"));
  EXPECT_THAT(ErrorOf("redis://a:0"), HasSubstr("port"));
  EXPECT_THAT(ErrorOf("redis://a:65536"), HasSubstr("port"));
  EXPECT_THAT(ErrorOf("redis://:6379"), HasSubstr("host"));
  EXPECT_THAT(ErrorOf("redis://a b:6379"), HasSubstr("host"));
  EXPECT_THAT(ErrorOf("redis://a:6379/1024"), HasSubstr("the database must be 0 to 1023"));
  EXPECT_THAT(ErrorOf("redis://a:6379/-1"), HasSubstr("database"));
  EXPECT_THAT(ErrorOf("redis://a:6379/x"), HasSubstr("database"));
  EXPECT_THAT(ErrorOf(std::string("redis://a\0b:6379", 16)), HasSubstr("host"));
}

TEST(RedisAddressTest, APasswordOnTheCommandLineIsRefusedUnshown) {
  EXPECT_THAT(ErrorOf("redis://:hunter2@a:6379"), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace recurd
