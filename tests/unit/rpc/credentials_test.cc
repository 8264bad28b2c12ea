#include "server/rpc/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>

#include "tests/unit/fakes/test_certificates.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class FilesTest : public ::testing::Test {
 protected:
  void WriteTokens(const std::string& text) {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), 0600);
  }
  // As main does about once a second.
  void Pass() {
    credentials_->Follow();
    credentials_->Follow();
  }
  void Load() {
    auto loaded = Credentials::Load({.tokens_file = path_});
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    credentials_ = *std::move(loaded);
    credentials_->OnTokens([this](auto tokens) { given_ = tokens; });
  }

  TestCertificates folder_;
  const std::string path_ = folder_.folder() + "/tokens";
  std::unique_ptr<Credentials> credentials_;
  std::shared_ptr<const Tokens> given_;
};

TEST_F(FilesTest, NewTokensAreTakenOnceTheyAreWhole) {
  WriteTokens(kTokens);
  Load();
  Pass();
  EXPECT_EQ(given_, nullptr);
  WriteTokens("ward-9 stream 0123456789abcdef\n");
  credentials_->Follow();
  EXPECT_EQ(given_, nullptr);  // may still be being written
  credentials_->Follow();
  ASSERT_NE(given_, nullptr);
  EXPECT_NE(given_->Find("0123456789abcdef"), nullptr);
}

TEST_F(FilesTest, BrokenTokensChangeNothingAndAreLoggedOnce) {
  WriteTokens(kTokens);
  Load();
  WriteTokens("ward-9 stream short\n");
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) Pass();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(given_, nullptr);
  EXPECT_NE(credentials_->tokens()->Find(kStreamToken), nullptr);
  EXPECT_THAT(log, AllOf(HasSubstr("stay what they were"), HasSubstr("line 1")));
  EXPECT_EQ(log.find("line 1"), log.rfind("line 1")) << log;
  WriteTokens("ward-9 stream 0123456789abcdef\n");
  Pass();
  EXPECT_NE(given_, nullptr);
}

TEST_F(FilesTest, ARereadDoesntWaitForAChange) {
  WriteTokens(kTokens);
  Load();
  credentials_->Reread();
  EXPECT_NE(given_, nullptr);
}

TEST_F(FilesTest, ThatAreMissingOrBrokenAreNamedWithTheirFlagAtTheStart) {
  const auto error = [](const SecurityOptions& options) {
    return std::string(Credentials::Load(options).status().message());
  };
  EXPECT_THAT(error({.tokens_file = path_}), AllOf(HasSubstr("--auth_tokens_file"), HasSubstr(path_)));
  folder_.MakeCa("a");
  folder_.MakeCa("b");
  EXPECT_THAT(error({.tls = {path_, folder_.Key("a")}}), AllOf(HasSubstr("--tls_cert"), HasSubstr(path_)));
  EXPECT_THAT(error({.tls = {folder_.Key("a"), folder_.Key("a")}}),
              AllOf(HasSubstr("--tls_cert"), HasSubstr("no certificate")));
  EXPECT_THAT(error({.tls = {folder_.Pem("a"), folder_.Pem("a")}}),
              AllOf(HasSubstr("--tls_key"), HasSubstr("no private key")));
  EXPECT_THAT(error({.tls = {folder_.Pem("a"), folder_.Key("b")}}),
              AllOf(HasSubstr("--tls_key"), HasSubstr("isn't the key of")));
  EXPECT_THAT(error({.tls = {folder_.Pem("a"), folder_.Key("a"), folder_.Key("a")}}), HasSubstr("--tls_client_ca"));
  EXPECT_EQ(error({.tls = {folder_.Pem("a"), folder_.Key("a"), folder_.Pem("b")}}), "");
}

TEST(CheckSecurityTest, TokensNeverCrossANetworkInPlainText) {
  const TlsFiles tls = {"c", "k"};
  EXPECT_TRUE(CheckSecurity({.listen = "0.0.0.0:1", .metrics_listen = "0.0.0.0:2"}).ok());
  EXPECT_TRUE(CheckSecurity({.listen = "127.0.0.1:1", .metrics_listen = "[::1]:2", .tokens_file = "t"}).ok());
  EXPECT_TRUE(CheckSecurity({.listen = "unix:/s", .metrics_listen = "off", .tokens_file = "t"}).ok());
  EXPECT_TRUE(CheckSecurity({.listen = "0.0.0.0:1", .metrics_listen = "", .tls = tls, .tokens_file = "t"}).ok());
  const absl::Status plain = CheckSecurity({.listen = "0.0.0.0:1", .metrics_listen = "off", .tokens_file = "t"});
  EXPECT_EQ(plain.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(plain.message()),
              AllOf(HasSubstr("--auth_tokens_file"), HasSubstr("--listen=0.0.0.0:1"), HasSubstr("--tls_cert")));
  const absl::Status scrape =
      CheckSecurity({.listen = "0.0.0.0:1", .metrics_listen = "10.0.0.1:2", .tls = tls, .tokens_file = "t"});
  EXPECT_THAT(std::string(scrape.message()), AllOf(HasSubstr("--auth_tokens_file"), HasSubstr("--metrics_listen=10")));
}

TEST(CheckSecurityTest, HalvesAreRefused) {
  const auto error = [](const SecurityOptions& options) { return std::string(CheckSecurity(options).message()); };
  EXPECT_THAT(error({.listen = "h:1", .tls = {"c", ""}}), HasSubstr("--tls_cert is given without --tls_key"));
  EXPECT_THAT(error({.listen = "h:1", .tls = {"", "k"}}), HasSubstr("--tls_key is given without --tls_cert"));
  EXPECT_THAT(error({.listen = "h:1", .tls = {"", "", "a"}}), HasSubstr("--tls_client_ca is given without TLS"));
  EXPECT_THAT(error({.listen = "h:1", .admin_listen = "127.0.0.1:2"}), HasSubstr("must be unix:PATH"));
  EXPECT_THAT(error({.listen = "unix:/s", .admin_listen = "unix:/a"}),
              AllOf(HasSubstr("--admin_listen=unix:/a"), HasSubstr("--listen=unix:/s")));
  EXPECT_THAT(error({.listen = "nonsense"}), HasSubstr("--listen: 'nonsense'"));
}

}  // namespace
}  // namespace recurd
