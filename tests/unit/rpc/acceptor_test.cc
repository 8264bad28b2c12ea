#include "server/rpc/acceptor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_certificates.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ConnectionsTest, AreLimitedAndFreedWhenTheyClose) {
  InProcessServer server({}, {.listen = "127.0.0.1:0", .connections = {.open = 3}});
  const ConnectionMetrics& metrics = server.metrics().connections;
  std::vector<Channel> channels;
  for (int i = 0; i < 3; ++i) {
    channels.push_back(Connect(server.address()));
    ASSERT_TRUE(Infer(channels.back()).ok());
  }
  EXPECT_EQ(metrics.open.value(), 3);
  EXPECT_EQ(Code(Infer(Connect(server.address()))), grpc::StatusCode::UNAVAILABLE);
  EXPECT_GE(metrics.refused[static_cast<size_t>(ConnectionRefusal::kLimit)].value(), 1u);
  EXPECT_TRUE(Infer(channels.front()).ok());
  channels.pop_back();
  EXPECT_TRUE(WaitFor([&] { return Infer(Connect(server.address())).ok(); }));
}

// As a file of the daemon's that takes a closed connection's descriptor.
TEST(ConnectionsTest, AreFreedAtTheLimitAlsoWhereTheirDescriptorsAreTaken) {
  InProcessServer server({}, {.listen = "127.0.0.1:0", .connections = {.open = 2}});
  const Channel steady = Connect(server.address());
  ASSERT_TRUE(Infer(steady).ok());
  std::vector<int> taken;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(Infer(Connect(server.address())).ok()) << i;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    for (int k = 0; k < 10; ++k) taken.push_back(open("/dev/null", O_RDONLY));
  }
  EXPECT_TRUE(Infer(steady).ok());
  for (const int fd : taken) close(fd);
}

TEST(ConnectionsTest, AreCountedDownWithinASecondOrTwoOfTheirEnd) {
  InProcessServer server;
  const ConnectionMetrics& metrics = server.metrics().connections;
  {
    const Channel one = Connect(server.address()), two = Connect(server.address());
    ASSERT_TRUE(Infer(one).ok() && Infer(two).ok());
    EXPECT_EQ(metrics.open.value(), 2);
  }
  EXPECT_TRUE(WaitFor([&] { return metrics.open.value() == 0; }));
}

TEST(ConnectionsTest, ThousandsThatComeAndGoNeverMiscount) {
  InProcessServer server({}, {.listen = "127.0.0.1:0", .connections = {.open = 4}});
  const Channel steady = Connect(server.address());
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(WaitFor([&] { return CheckHealth(Connect(server.address())).ok(); })) << i;
  EXPECT_TRUE(Infer(steady).ok());
  EXPECT_TRUE(WaitFor([&] { return server.metrics().connections.open.value() == 1; }));
}

TEST(ConnectionsTest, ComeNoFasterThanTheRate) {
  InProcessServer server({}, {.listen = "127.0.0.1:0", .connections = {.rate = 5}});
  int answered = 0;
  for (int i = 0; i < 20; ++i) answered += CheckHealth(Connect(server.address())).ok();
  EXPECT_GE(answered, 5);
  EXPECT_LE(answered, 10);
  EXPECT_GE(server.metrics().connections.refused[static_cast<size_t>(ConnectionRefusal::kRate)].value(), 10u);
  EXPECT_TRUE(WaitFor([&] { return CheckHealth(Connect(server.address())).ok(); }));
}

TEST(ConnectionsTest, ATakenPortIsAnErrorThatNamesIt) {
  InProcessServer server;
  Metrics metrics;
  grpc::ServerBuilder builder;
  const auto listeners = Listeners::Add(builder, {.listen = server.address()}, metrics.connections);
  EXPECT_EQ(listeners.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(listeners.status().message()), AllOf(HasSubstr(server.address()), HasSubstr("--listen")));
}

TEST(ConnectionsTest, LocalhostIsTakenWhereOneOfItsAddressesIs) {
  InProcessServer server;
  Metrics metrics;
  grpc::ServerBuilder builder;
  const std::string address = "localhost:" + std::to_string(server.rpc().port());
  EXPECT_EQ(Listeners::Add(builder, {.listen = address}, metrics.connections).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST(ConnectionsTest, GoThroughAUnixSocketToo) {
  TestCertificates folder;
  const std::string address = "unix:" + folder.folder() + "/s";
  InProcessServer server({}, {.listen = address});
  EXPECT_TRUE(Infer(Connect(address)).ok());
}

}  // namespace
}  // namespace recurd
