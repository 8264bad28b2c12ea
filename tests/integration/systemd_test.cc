// The daemon as a service of systemd's, which the test plays: sockets that it doesn't open, and what it tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "grpcpp/grpcpp.h"
#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/integration/child.h"
#include "tests/integration/service_manager.h"
#include "tests/unit/exporter/http_client.h"

namespace recurd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

std::string Address(const ListeningSocket& socket) { return "127.0.0.1:" + std::to_string(socket.port()); }

// Over a connection of its own.
std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

struct Context : grpc::ClientContext {
  Context() { set_deadline(std::chrono::system_clock::now() + seconds(30)); }
};

int ModelCount(const std::shared_ptr<grpc::Channel>& channel) {
  Context context;
  v1::ListModelsResponse models;
  const grpc::Status status = v1::Recurrent::NewStub(channel)->ListModels(&context, {}, &models);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return models.models_size();
}

grpc::Status CheckHealth(const std::string& address) {
  Context context;
  grpc::health::v1::HealthCheckResponse response;
  return grpc::health::v1::Health::NewStub(Connect(address))->Check(&context, {}, &response);
}

bool Connects(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const bool connected = connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  close(fd);
  return connected;
}

class SystemdTest : public ::testing::Test {
 protected:
  void StartReady(int watchdog_ms = 0) {
    daemon_ = manager_.Start(watchdog_ms);
    ready_ = manager_.HearOf("READY=1");
    ASSERT_NE(ready_, "") << daemon_->log();
  }

  ServiceManager manager_;
  std::unique_ptr<Child> daemon_;
  std::string ready_;
};

TEST_F(SystemdTest, ServesOnTheSocketsItIsPassedAndNotOnItsFlags) {
  manager_.Keep("metrics", ListeningSocket());
  manager_.Keep("grpc", ListeningSocket());
  manager_.Keep("admin", ListeningSocket::Unix());
  ASSERT_NO_FATAL_FAILURE(StartReady());
  EXPECT_THAT(ready_, HasSubstr("\nSTATUS=serving on " + Address(manager_.socket(1)) + ", pipeline cpu"));
  EXPECT_GE(ModelCount(Connect(Address(manager_.socket(1)))), 2);
  EXPECT_GE(ModelCount(Connect("unix:" + manager_.socket(2).path())), 2);
  EXPECT_THAT(Ask(manager_.socket(0).port(), "GET /metrics HTTP/1.1\r\n\r\n"), HasSubstr("recurd_build_info"));
}

TEST_F(SystemdTest, ASocketOfAnotherNameIsAWrongFlag) {
  manager_.Keep("recurd.socket", ListeningSocket());
  daemon_ = manager_.Start();
  EXPECT_EQ(daemon_->Wait(), 2);
  EXPECT_THAT(daemon_->log(), AllOf(HasSubstr("recurd.socket"), HasSubstr("FileDescriptorName=")));
}

TEST_F(SystemdTest, TokensDontCrossANetworkInPlainTextWhoeverOpenedTheSocket) {
  manager_.Keep("metrics", ListeningSocket("0.0.0.0:0"));
  daemon_ = manager_.Start(0, {"--listen=127.0.0.1:0", "--auth_tokens_file=/nowhere"});
  EXPECT_EQ(daemon_->Wait(), 2);
  EXPECT_THAT(daemon_->log(), AllOf(HasSubstr("--metrics_listen=0.0.0.0:"), HasSubstr("plain text")));
}

TEST_F(SystemdTest, HearsOfAReloadAndTheEnd) {
  manager_.Keep("grpc", ListeningSocket());
  ASSERT_NO_FATAL_FAILURE(StartReady());
  daemon_->Signal(SIGHUP);
  EXPECT_THAT(manager_.HearOf("RELOADING=1"), HasSubstr("\nMONOTONIC_USEC="));
  EXPECT_EQ(manager_.Hear(10'000), "READY=1");
  daemon_->Signal(SIGTERM);
  EXPECT_EQ(manager_.HearOf("STOPPING=1"), "STOPPING=1\nSTATUS=draining");
  EXPECT_EQ(daemon_->Wait(), 0);
}

TEST_F(SystemdTest, FeedsTheWatchdogTwiceInItsTimeWhetherItServesOrNot) {
  manager_.Keep("grpc", ListeningSocket());
  ASSERT_NO_FATAL_FAILURE(StartReady(200));
  EXPECT_THAT(manager_.Count("WATCHDOG=1", 2000), AllOf(Ge(10), Le(22))) << "idle";
  std::atomic<bool> over = false;
  int calls = 0;
  std::thread client([&] {
    const auto channel = Connect(Address(manager_.socket(0)));
    for (; !over; ++calls) ModelCount(channel);
  });
  EXPECT_THAT(manager_.Count("WATCHDOG=1", 2000), AllOf(Ge(10), Le(22))) << "serving";
  over = true;
  client.join();
  EXPECT_GT(calls, 200);
}

TEST_F(SystemdTest, AHungDaemonStarvesTheWatchdog) {
  manager_.Keep("grpc", ListeningSocket());
  ASSERT_NO_FATAL_FAILURE(StartReady(200));
  daemon_->Signal(SIGSTOP);
  manager_.Count("", 300);  // what was on its way
  EXPECT_EQ(manager_.Count("WATCHDOG=1", 1000), 0);
  daemon_->Signal(SIGCONT);
  EXPECT_GE(manager_.Count("WATCHDOG=1", 1000), 3);
}

TEST_F(SystemdTest, TellsNothingOfAWatchdogNobodyHas) {
  manager_.Keep("grpc", ListeningSocket());
  ASSERT_NO_FATAL_FAILURE(StartReady());
  EXPECT_EQ(manager_.Count("WATCHDOG=1", 1500), 0);
}

TEST_F(SystemdTest, ARestartRefusesNobody) {
  manager_.Keep("grpc", ListeningSocket());
  ASSERT_NO_FATAL_FAILURE(StartReady());
  const int port = manager_.socket(0).port();
  std::atomic<bool> over = false;
  std::atomic<int> connections = 0, calls = 0;
  std::thread connecting([&] {
    for (; !over; ++connections) {
      EXPECT_TRUE(Connects(port)) << "after " << connections;
      std::this_thread::sleep_for(milliseconds(2));  // those that wait mustn't fill the backlog
    }
  });
  std::thread calling([&] {
    for (; !over; ++calls) {
      const grpc::Status status = CheckHealth(Address(manager_.socket(0)));
      EXPECT_TRUE(status.ok()) << status.error_message() << " after " << calls;
    }
  });
  for (int i = 0; i < 3; ++i) {
    daemon_->Signal(SIGTERM);
    EXPECT_EQ(daemon_->Wait(), 0);
    const int before = connections;
    std::this_thread::sleep_for(milliseconds(200));
    EXPECT_GT(connections, before) << "while there is no daemon";
    ASSERT_NO_FATAL_FAILURE(StartReady());
    std::this_thread::sleep_for(milliseconds(200));
  }
  for (int i = 0; i < 300 && calls <= 20; ++i) std::this_thread::sleep_for(milliseconds(100));
  over = true;
  connecting.join();
  calling.join();
  EXPECT_GT(calls, 20);
}

}  // namespace
}  // namespace recurd
