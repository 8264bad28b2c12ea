#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "server/rpc/server.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/listening_socket.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using std::chrono::milliseconds;

std::string Address(const ListeningSocket& socket) { return "127.0.0.1:" + std::to_string(socket.port()); }

TEST(InheritedListenersTest, AreServedOnWithTheLimitsOfOthers) {
  const ListeningSocket socket;
  InProcessServer server({}, {.listen = Address(socket), .connections = {.open = 1}, .listen_fd = socket.Duplicate()});
  EXPECT_EQ(server.rpc().port(), socket.port());
  const Channel first = Connect(Address(socket));
  EXPECT_TRUE(Infer(first).ok());
  EXPECT_EQ(server.metrics().connections.open.value(), 1);
  EXPECT_EQ(Code(Infer(Connect(Address(socket)))), grpc::StatusCode::UNAVAILABLE);
}

TEST(InheritedListenersTest, WhoConnectsBetweenTwoServersIsServedByTheSecond) {
  const ListeningSocket socket;
  const auto options = [&] { return RpcOptions{.listen = Address(socket), .listen_fd = socket.Duplicate()}; };
  { InProcessServer first({}, options()); }
  const Channel channel = Connect(Address(socket));
  std::thread client([&] { EXPECT_TRUE(Infer(channel).ok()); });
  std::this_thread::sleep_for(milliseconds(100));
  InProcessServer second({}, options());
  client.join();
}

TEST(InheritedListenersTest, ADrainingServerLeavesNewConnectionsToTheNext) {
  const ListeningSocket socket;
  const auto options = [&] { return RpcOptions{.listen = Address(socket), .listen_fd = socket.Duplicate()}; };
  InProcessServer first({}, options());
  grpc::ClientContext watching;  // a call that keeps it draining
  const auto watch = grpc::health::v1::Health::NewStub(first.Channel())->Watch(&watching, {});
  grpc::health::v1::HealthCheckResponse health;
  ASSERT_TRUE(watch->Read(&health));
  std::thread stop([&] { first.Stop(1'000'000'000); });
  while (health.status() != grpc::health::v1::HealthCheckResponse::NOT_SERVING && watch->Read(&health)) {
  }
  const Channel channel = Connect(Address(socket));
  std::thread client([&] { EXPECT_TRUE(Infer(channel).ok()); });
  stop.join();
  InProcessServer second({}, options());
  client.join();
  watching.TryCancel();
}

TEST(InheritedListenersTest, MayBeTheAdminSocketWhichStaysWhereItIs) {
  const ListeningSocket admin = ListeningSocket::Unix();
  const std::string address = "unix:" + admin.path();
  {
    InProcessServer server({}, {.listen = "127.0.0.1:0", .admin_listen = address, .admin_fd = admin.Duplicate()});
    EXPECT_EQ(Code(Unload(Connect(address))), kUnloadAnswered);
    EXPECT_EQ(Code(Unload(server.Channel())), grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(access(admin.path().c_str(), F_OK), 0);
}

TEST(InheritedListenersTest, MayBeAUnixSocket) {
  const ListeningSocket socket = ListeningSocket::Unix();
  InProcessServer server({}, {.listen = "unix:" + socket.path(), .listen_fd = socket.Duplicate()});
  EXPECT_EQ(server.rpc().port(), 0);
  EXPECT_TRUE(Infer(Connect("unix:" + socket.path())).ok());
}

}  // namespace
}  // namespace recurd
