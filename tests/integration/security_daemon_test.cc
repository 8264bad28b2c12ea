// The daemon's flags for security, as deploy/security.md has them, on real certificates and files that change under it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

#include "proto/recurd/v1/recurd.grpc.pb.h"
#include "tests/integration/child.h"
#include "tests/unit/fakes/test_certificates.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "0123456789abcdef";
constexpr char kNewToken[] = "fedcba9876543210";

// How the daemon answers a call that needs the role stream, on a connection of its own.
grpc::StatusCode Call(const Daemon& daemon, const std::string& token = "",
                      std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials()) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(daemon.address(), credentials, arguments);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  v1::GetServerInfoResponse response;
  return v1::Recurrent::NewStub(channel)->GetServerInfo(&context, {}, &response).error_code();
}

std::string ScrapeStatus(const Daemon& daemon, const std::string& token) {
  const std::string path = ::testing::TempDir() + "/recurd_scrape_status";
  const std::string command = "curl --silent --noproxy '*' --output /dev/null --write-out '%{http_code}' --header '" +
                              (token.empty() ? "X: y" : "Authorization: Bearer " + token) + "' http://" +
                              daemon.metrics_address() + "/metrics > " + path;
  EXPECT_EQ(std::system(command.c_str()), 0);
  return TestCertificates::Text(path);
}

bool WaitFor(const std::function<bool()>& condition) {
  for (int i = 0; i < 200; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

class SecurityDaemonTest : public ::testing::Test {
 protected:
  static std::string Role(const std::string& token, const std::string& roles) { return "ward " + roles + " " + token; }
  void WriteTokens(const std::string& text, mode_t mode = 0600) {
    std::ofstream(tokens_) << text << "\n";
    chmod(tokens_.c_str(), mode);
  }
  std::string TokensFlag() const { return "--auth_tokens_file=" + tokens_; }
  std::vector<std::string> TlsFlags() {
    files_.MakeCa("ca");
    files_.IssueForServer("ca", "server");
    return {"--tls_cert=" + files_.Pem("server"), "--tls_key=" + files_.Key("server")};
  }
  // What a daemon with such flags says before it exits with `code`.
  static std::string SaysAndExits(int code, const std::vector<std::string>& flags) {
    std::vector<std::string> argv = {RECURD_BINARY_DIR "/bin/recurd", "--listen=127.0.0.1:0", "--metrics_listen=off",
                                     "--model_repository=" RECURD_SOURCE_DIR "/deploy/models"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    Child child(argv);
    EXPECT_EQ(child.Wait(), code) << child.log();
    return child.log();
  }

  TestCertificates files_;
  const std::string tokens_ = files_.folder() + "/tokens";
};

TEST_F(SecurityDaemonTest, TokensGuardCallsAndScrapesAndFollowTheirFile) {
  WriteTokens(Role(kToken, "stream,metrics"));
  Daemon daemon({TokensFlag()});
  EXPECT_EQ(Call(daemon), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Call(daemon, kToken), grpc::StatusCode::OK);
  EXPECT_EQ(ScrapeStatus(daemon, ""), "401");
  EXPECT_EQ(ScrapeStatus(daemon, kToken), "200");
  WriteTokens(Role(kNewToken, "stream,metrics"));
  EXPECT_TRUE(WaitFor([&] { return Call(daemon, kNewToken) == grpc::StatusCode::OK; }));
  EXPECT_EQ(Call(daemon, kToken), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ScrapeStatus(daemon, kToken), "401");
  EXPECT_EQ(ScrapeStatus(daemon, kNewToken), "200");
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.Wait(), 0);
  EXPECT_THAT(daemon.log(), AllOf(Not(HasSubstr(kToken)), Not(HasSubstr(kNewToken))));
}

TEST_F(SecurityDaemonTest, AHangupReadsTheFilesAtOnceAndABrokenOneIsLoggedAndLeftAlone) {
  WriteTokens(Role(kToken, "stream"));
  Daemon daemon({TokensFlag()});
  daemon.Signal(SIGHUP);
  EXPECT_NE(daemon.WaitForLine("one of 1 tokens", 5), "");  // though nothing has changed
  WriteTokens("ward stream short");
  daemon.Signal(SIGHUP);
  EXPECT_NE(daemon.WaitForLine("the tokens stay what they were"), "");
  EXPECT_EQ(Call(daemon, kToken), grpc::StatusCode::OK);
  WriteTokens(Role(kNewToken, "stream"));
  daemon.Signal(SIGHUP);
  EXPECT_NE(daemon.WaitForLine("one of 1 tokens"), "");
  EXPECT_TRUE(WaitFor([&] { return Call(daemon, kNewToken) == grpc::StatusCode::OK; }));
}

TEST_F(SecurityDaemonTest, ACertificateIsExchangedWithoutARestart) {
  Daemon daemon(TlsFlags());
  EXPECT_EQ(Call(daemon, "", files_.ClientCredentials("ca")), grpc::StatusCode::OK);
  EXPECT_EQ(Call(daemon), grpc::StatusCode::UNAVAILABLE);
  files_.MakeCa("new-ca");
  files_.IssueForServer("new-ca", "new");
  files_.Replace("server", "new");
  EXPECT_TRUE(WaitFor([&] { return Call(daemon, "", files_.ClientCredentials("new-ca")) == grpc::StatusCode::OK; }));
  EXPECT_THAT(daemon.WaitForLine("new connections get"), HasSubstr("CN=new"));
}

TEST_F(SecurityDaemonTest, BringsOneThreadForConnectionsAndNoneForCertificates) {
  const std::vector<std::string> tls = TlsFlags();
  Daemon plain, secure(tls);
  EXPECT_EQ(Call(plain), grpc::StatusCode::OK);
  EXPECT_EQ(Call(secure, "", files_.ClientCredentials("ca")), grpc::StatusCode::OK);
  EXPECT_NEAR(secure.ThreadCount(), plain.ThreadCount(), 1);  // gRPC starts a second timer thread some time
  EXPECT_LE(secure.ThreadCount(), 12);
}

TEST_F(SecurityDaemonTest, TheCommandsOfTheDocumentMakeADaemonThatLetsTheirClientIn) {
  const std::string commands = "cd " + files_.folder() +
                               " && awk '/^```sh/{on=1;next} /^```/{on=0} on && !/^recurd/' " +
                               RECURD_SOURCE_DIR "/deploy/security.md | sh -e 2> log";
  ASSERT_EQ(std::system(commands.c_str()), 0) << TestCertificates::Text(files_.folder() + "/log");
  Daemon daemon({"--tls_cert=" + files_.Pem("server"), "--tls_key=" + files_.Key("server"),
                 "--tls_client_ca=" + files_.Pem("ca"), TokensFlag()});
  std::istringstream words(TestCertificates::Text(tokens_));
  std::string token;
  while (words >> token && token != "stream") continue;
  words >> token;
  EXPECT_EQ(Call(daemon, token, files_.ClientCredentials("ca", "client")), grpc::StatusCode::OK);
  EXPECT_EQ(Call(daemon, token, files_.ClientCredentials("ca")), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(SecurityDaemonTest, HelpTellsOfEveryFlagForIt) {
  const std::string path = files_.folder() + "/help";
  std::system((RECURD_BINARY_DIR "/bin/recurd --help > " + path).c_str());
  for (const char* flag : {"admin_listen", "tls_cert", "tls_key", "tls_client_ca", "auth_tokens_file",
                           "max_connections", "max_connection_rate"}) {
    EXPECT_THAT(TestCertificates::Text(path), HasSubstr("--" + std::string(flag) + " ("));
  }
}

TEST_F(SecurityDaemonTest, RefusesToStartWhereTokensWouldCrossANetworkInPlainText) {
  WriteTokens(Role(kToken, "stream"));
  EXPECT_THAT(SaysAndExits(2, {TokensFlag(), "--listen=0.0.0.0:0"}),
              AllOf(HasSubstr("--auth_tokens_file"), HasSubstr("--listen")));
  EXPECT_THAT(SaysAndExits(2, {TokensFlag(), "--metrics_listen=0.0.0.0:0"}), HasSubstr("--metrics_listen"));
}

TEST_F(SecurityDaemonTest, RefusesToStartWithFilesThatWontDo) {
  EXPECT_THAT(SaysAndExits(1, {TokensFlag()}), HasSubstr("No such file"));
  WriteTokens(Role(kToken, "stream"), 0644);
  EXPECT_THAT(SaysAndExits(2, {TokensFlag()}), AllOf(HasSubstr("chmod 600"), Not(HasSubstr(kToken))));
  EXPECT_THAT(SaysAndExits(2, {"--tls_cert=/x"}), HasSubstr("--tls_key"));
  EXPECT_THAT(SaysAndExits(1, {"--tls_cert=/nowhere.pem", "--tls_key=/nowhere.key"}),
              AllOf(HasSubstr("--tls_cert"), HasSubstr("/nowhere.pem")));
}

TEST_F(SecurityDaemonTest, MoreConnectionsThanDescriptorsIsAnErrorUnlessItIsTheDefault) {
  EXPECT_THAT(SaysAndExits(2, {"--max_connections=1000000"}),
              AllOf(HasSubstr("--max_connections"), HasSubstr("ulimit")));
  rlimit before = {}, raised = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit lowered = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  Daemon daemon;
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_EQ(prlimit(daemon.pid(), RLIMIT_NOFILE, nullptr, &raised), 0);
  EXPECT_GT(raised.rlim_cur, lowered.rlim_cur);
}

}  // namespace
}  // namespace recurd
