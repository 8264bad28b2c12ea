#include "server/rpc/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "server/rpc/credentials.h"
#include "tests/unit/fakes/in_process_server.h"
#include "tests/unit/fakes/test_certificates.h"
#include "tests/unit/rpc/guarded_calls.h"

namespace recurd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    pki_ = new TestCertificates;
    for (const char* ca : {"ca", "other-ca", "client-ca"}) pki_->MakeCa(ca);
    pki_->IssueForServer("ca", "first");
    pki_->IssueForServer("other-ca", "second");
    pki_->Issue("client-ca", "all-names", "/CN=common", "DNS:pump.example,URI:spiffe://example/pump");
    pki_->Issue("client-ca", "dns-name", "/CN=common", "DNS:pump.example");
    pki_->Issue("client-ca", "common-name", "/CN=pump.example", "");
    pki_->Issue("client-ca", "no-name", "/O=nobody", "");
    pki_->Issue("other-ca", "stranger", "/CN=pump", "");
  }
  static void TearDownTestSuite() { delete pki_; }

  void Start(bool client_certificates, std::shared_ptr<const Tokens> tokens = nullptr) {
    pki_->Replace("server", "first");
    auto loaded = Credentials::Load({.tls = {pki_->Pem("server"), pki_->Key("server"),
                                             client_certificates ? pki_->Pem("client-ca") : std::string()}});
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    credentials_ = *std::move(loaded);
    server_ = std::make_unique<InProcessServer>(
        EngineOptions{}, RpcOptions{.listen = "127.0.0.1:0", .tls = credentials_->tls(), .tokens = tokens});
  }
  Channel Client(const std::string& ca, const std::string& name = "") {
    return Connect(server_->address(), pki_->ClientCredentials(ca, name));
  }

  static TestCertificates* pki_;
  std::unique_ptr<Credentials> credentials_;
  std::unique_ptr<InProcessServer> server_;
};
TestCertificates* TlsTest::pki_ = nullptr;

TEST_F(TlsTest, ServesWhoTrustsItsCertificateAndNobodyInPlainText) {
  Start(false);
  EXPECT_TRUE(Infer(Client("ca")).ok());
  EXPECT_EQ(Code(Infer(Client("other-ca"))), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Code(Infer(Connect(server_->address()))), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, CarriesTokens) {
  Start(false, ParsedTokens());
  EXPECT_TRUE(Infer(Client("ca"), kStreamToken).ok());
  EXPECT_EQ(Code(Infer(Client("ca"))), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(TlsTest, ClientsMustShowACertificateOfTheClientCa) {
  Start(true);
  EXPECT_TRUE(Infer(Client("ca", "common-name")).ok());
  EXPECT_EQ(Code(Infer(Client("ca"))), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Code(Infer(Client("ca", "stranger"))), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ACertificateThatNamesNobodyIsUnauthenticated) {
  Start(true);
  const grpc::Status status = Infer(Client("ca", "no-name"));
  EXPECT_EQ(Code(status), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(status.error_message(), HasSubstr("common name"));
}

TEST_F(TlsTest, TheIdentityIsTheFirstOfUriDnsAndCommonName) {
  Start(true);
  // Three identities, though two have the same DNS name, and that is the third's common name.
  for (const char* name : {"all-names", "dns-name", "common-name"}) {
    EXPECT_THAT(InferKserve(Client("ca", name), kserve::Of(7, {1}, kserve::kStart)).y, ElementsAre(1)) << name;
  }
  for (const char* name : {"all-names", "dns-name", "common-name"}) {
    EXPECT_THAT(InferKserve(Client("ca", name), kserve::Of(7, {1})).y, ElementsAre(2)) << name;
  }
}

TEST_F(TlsTest, ANewCertificateIsShownToNewConnectionsAndLeavesTheOldOnes) {
  Start(false);
  const Channel old = Client("ca");
  EXPECT_TRUE(Infer(old).ok());
  pki_->Replace("server", "second");
  credentials_->Follow();
  credentials_->Follow();
  EXPECT_TRUE(Infer(Client("other-ca")).ok());
  EXPECT_EQ(Code(Infer(Client("ca"))), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Infer(old).ok());
}

TEST_F(TlsTest, ACertificateThatDoesntFitItsKeyLeavesTheOldOneInUse) {
  Start(false);
  std::filesystem::copy_file(pki_->Pem("second"), pki_->Pem("server"),
                             std::filesystem::copy_options::overwrite_existing);
  credentials_->Reread();
  EXPECT_TRUE(Infer(Client("ca")).ok());
  pki_->Replace("server", "second");
  credentials_->Reread();
  EXPECT_TRUE(Infer(Client("other-ca")).ok());
}

TEST_F(TlsTest, ANewClientCaIsAskedForAtNewConnections) {
  Start(true);
  ServerTls& tls = *credentials_->tls();
  const std::string before = TestCertificates::Text(tls.files().client_ca);
  std::ofstream(tls.files().client_ca) << TestCertificates::Text(pki_->Pem("other-ca"));
  EXPECT_TRUE(tls.Reload().ok());
  EXPECT_TRUE(Infer(Client("ca", "stranger")).ok());
  EXPECT_EQ(Code(Infer(Client("ca", "common-name"))), grpc::StatusCode::UNAVAILABLE);
  std::ofstream(tls.files().client_ca) << before;
}

}  // namespace
}  // namespace recurd
