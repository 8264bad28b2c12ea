#include "server/rpc/listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>

#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_certificates.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AdminSocketTest : public ::testing::Test {
 protected:
  RpcOptions Options(std::shared_ptr<const Tokens> tokens = nullptr) const {
    return {.listen = "127.0.0.1:0", .admin_listen = "unix:" + path_, .tokens = std::move(tokens)};
  }
  Channel Admin() const { return Connect("unix:" + path_); }

  TestCertificates folder_;
  const std::string path_ = folder_.folder() + "/admin.sock";
};

TEST_F(AdminSocketTest, AloneAnswersAdminCalls) {
  InProcessServer server({}, Options());
  EXPECT_EQ(Code(Unload(Admin())), kUnloadAnswered);
  EXPECT_TRUE(Infer(Admin()).ok());
  const grpc::Status elsewhere = Unload(server.Channel());
  EXPECT_EQ(Code(elsewhere), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(elsewhere.error_message(), HasSubstr("--admin_listen"));
  EXPECT_TRUE(Infer(server.Channel()).ok());
}

TEST_F(AdminSocketTest, NeedsNoTokenWhereTheOthersDo) {
  InProcessServer server({}, Options(ParsedTokens()));
  EXPECT_EQ(Code(Unload(Admin())), kUnloadAnswered);
  EXPECT_EQ(Code(Unload(server.Channel(), kAdminToken)), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Code(ListModels(server.Channel())), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(AdminSocketTest, IsItsOwnersAloneAndGoesWithTheServer) {
  struct stat file = {};
  {
    InProcessServer server({}, Options());
    ASSERT_EQ(stat(path_.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
  }
  EXPECT_NE(stat(path_.c_str(), &file), 0);
}

TEST_F(AdminSocketTest, OfALivingServerIsNotTakenFromIt) {
  InProcessServer server({}, Options());
  Metrics metrics;
  grpc::ServerBuilder builder;
  const auto taken =
      Listeners::Add(builder, {.listen = "127.0.0.1:0", .admin_listen = "unix:" + path_}, metrics.connections);
  EXPECT_EQ(taken.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(taken.status().message()),
              AllOf(HasSubstr(path_), HasSubstr("another process"), HasSubstr("--admin_listen")));
  EXPECT_EQ(Code(Unload(Admin())), kUnloadAnswered);
}

TEST_F(AdminSocketTest, ThatADeadServerLeftIsTaken) {
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {.sun_family = AF_UNIX};
  path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(dead);
  InProcessServer server({}, Options());
  EXPECT_EQ(Code(Unload(Admin())), kUnloadAnswered);
}

TEST_F(AdminSocketTest, OfAFileThatIsNoSocketIsRefusedAndTheFileStays) {
  std::ofstream(path_) << "precious";
  Metrics metrics;
  grpc::ServerBuilder builder;
  const auto listeners =
      Listeners::Add(builder, {.listen = "127.0.0.1:0", .admin_listen = "unix:" + path_}, metrics.connections);
  EXPECT_THAT(std::string(listeners.status().message()), HasSubstr("is no socket"));
  EXPECT_EQ(TestCertificates::Text(path_), "precious");
}

TEST_F(AdminSocketTest, IsNotMeantByAServiceOnAUnixSocket) {
  InProcessServer server({}, {.listen = "unix:" + path_, .tokens = ParsedTokens()});
  EXPECT_EQ(Code(Unload(Admin())), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Code(Unload(Admin(), kStreamToken)), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(Infer(Admin(), kStreamToken).ok());
}

}  // namespace
}  // namespace recurd
