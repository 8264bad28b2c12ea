#include "server/base/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace recurd {
namespace {

bool IsLocal(const std::string& text) {
  const auto address = ListenAddress::Parse(text);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.ok() && address->IsLocal();
}

TEST(ListenAddress, IsAHostAndAPortOrAUnixSocket) {
  const auto v4 = ListenAddress::Parse("127.0.0.1:8001");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8001);
  const auto v6 = ListenAddress::Parse("[fe80::1]:0");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "fe80::1");
  EXPECT_EQ(v6->port, 0);
  EXPECT_FALSE(v6->IsUnix());
  const auto socket = ListenAddress::Parse("unix:/run/recurd/admin.sock");
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->unix_path, "/run/recurd/admin.sock");
}

TEST(ListenAddress, AnythingElseIsRefusedWithTheForms) {
  for (const std::string& text :
       {std::string(), std::string("8001"), std::string(":8001"), std::string("host"), std::string("host:"),
        std::string("host:65536"), std::string("host:-1"), std::string("host:+1"), std::string("host: 1"),
        std::string("::1:8001"), std::string("[::1]"), std::string("[host]:1"), std::string("unix:"),
        "unix:/" + std::string(107, 'x'), std::string("127.0.0.1\0:1", 12)}) {
    const auto address = ListenAddress::Parse(text);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(address.status().message()), ::testing::HasSubstr("[V6]:PORT"));
  }
}

TEST(ListenAddress, OnlyWhatThisMachineAloneReachesIsLocal) {
  for (const char* text : {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1",
                           "LocalHost:1", "unix:/tmp/s"}) {
    EXPECT_TRUE(IsLocal(text)) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "128.0.0.1:1", "10.0.0.1:1", "[::2]:1", "[::ffff:10.0.0.1]:1",
                           "localhost.example.com:1", "127.1:1", "127.0.0.1.example.com:1"}) {
    EXPECT_FALSE(IsLocal(text)) << text;
  }
}

}  // namespace
}  // namespace recurd
