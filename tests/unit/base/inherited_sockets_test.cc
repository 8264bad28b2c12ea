#include "server/base/inherited_sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/fakes/listening_socket.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Error(const std::vector<NamedDescriptor>& given) {
  return std::string(SortInheritedSockets(given).status().message());
}

TEST(InheritedSocketsTest, AreKnownByTheirNamesInAnyOrder) {
  const ListeningSocket grpc, metrics("[::1]:0"), admin = ListeningSocket::Unix();
  const auto sorted = SortInheritedSockets({{admin.fd(), "admin"}, {metrics.fd(), "metrics"}, {grpc.fd(), "grpc"}});
  ASSERT_TRUE(sorted.ok()) << sorted.status();
  EXPECT_EQ(sorted->grpc.fd, grpc.fd());
  EXPECT_EQ(sorted->grpc.address, "127.0.0.1:" + std::to_string(grpc.port()));
  EXPECT_EQ(sorted->metrics.fd, metrics.fd());
  EXPECT_EQ(sorted->metrics.address, "[::1]:" + std::to_string(metrics.port()));
  EXPECT_EQ(sorted->admin.fd, admin.fd());
  EXPECT_EQ(sorted->admin.address, "unix:" + admin.path());
}

TEST(InheritedSocketsTest, MayBeNone) {
  const auto sorted = SortInheritedSockets({});
  ASSERT_TRUE(sorted.ok());
  EXPECT_EQ(sorted->grpc.fd, -1);
  EXPECT_EQ(sorted->admin.address, "");
}

TEST(InheritedSocketsTest, BecomeNonBlocking) {
  const ListeningSocket grpc;
  ASSERT_EQ(fcntl(grpc.fd(), F_GETFL) & O_NONBLOCK, 0);
  ASSERT_TRUE(SortInheritedSockets({{grpc.fd(), "grpc"}}).ok());
  EXPECT_NE(fcntl(grpc.fd(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(InheritedSocketsTest, OfAnotherNameAreRefusedWithTheNamesThatAreKnown) {
  const ListeningSocket socket;
  EXPECT_THAT(Error({{socket.fd(), "recurd.socket"}}),
              AllOf(HasSubstr("recurd.socket"), HasSubstr("FileDescriptorName=grpc")));
}

TEST(InheritedSocketsTest, ComeOnceEach) {
  const ListeningSocket one, two;
  EXPECT_THAT(Error({{one.fd(), "grpc"}, {two.fd(), "grpc"}}), AllOf(HasSubstr("'grpc'"), HasSubstr("twice")));
}

TEST(InheritedSocketsTest, MustListen) {
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const ListeningSocket datagram(SOCK_DGRAM), idle = ListeningSocket::NotListening();
  for (const int fd : {file, datagram.fd(), idle.fd(), 10'000}) {
    EXPECT_THAT(Error({{fd, "grpc"}}), HasSubstr("isn't a listening stream socket")) << fd;
  }
  close(file);
}

TEST(InheritedSocketsTest, AreOfTheFamilyThatTheirNameStandsFor) {
  const ListeningSocket tcp, local = ListeningSocket::Unix(), abstract = ListeningSocket::Abstract();
  EXPECT_TRUE(SortInheritedSockets({{local.fd(), "grpc"}}).ok());
  EXPECT_THAT(Error({{local.fd(), "metrics"}}), AllOf(HasSubstr(local.path()), HasSubstr("metrics TCP only")));
  EXPECT_THAT(Error({{tcp.fd(), "admin"}}), HasSubstr("admin a unix socket"));
  EXPECT_THAT(Error({{abstract.fd(), "admin"}}), HasSubstr("with a path only"));
}

}  // namespace
}  // namespace recurd
