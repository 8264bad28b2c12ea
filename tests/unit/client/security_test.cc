// TLS and tokens from the client's side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "recurd/client.h"
#include "recurd/durable_session.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/fakes/test_certificates.h"

namespace recurd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "a-secret-of-32-letters-or-so-0001";

class ClientSecurityTest : public ::testing::Test {
 protected:
  ClientSecurityTest() {
    certificates_.MakeCa("ca");
    certificates_.MakeCa("other");
    certificates_.IssueForServer("ca", "server");
    certificates_.Issue("ca", "client", "/CN=client", "");
  }

  FakeServer::Options Tls(bool mutual = false) const {
    FakeServer::Options options;
    options.tls_cert = TestCertificates::Text(certificates_.Pem("server"));
    options.tls_key = TestCertificates::Text(certificates_.Key("server"));
    if (mutual) options.tls_client_ca = TestCertificates::Text(certificates_.Pem("ca"));
    return options;
  }
  ClientOptions Trusting(const std::string& ca) const {
    ClientOptions options;
    options.connect_timeout_ms = 0;
    options.tls_ca = certificates_.Pem(ca);
    return options;
  }
  ClientOptions AsClient() const {
    ClientOptions options = Trusting("ca");
    options.tls_cert = certificates_.Pem("client");
    options.tls_key = certificates_.Key("client");
    return options;
  }
  static std::string Error(const std::string& address, const ClientOptions& options) {
    const auto client = Client::Connect(address, options);
    if (!client.ok()) return std::string(client.status().message());
    return std::string(client->GetServerInfo().status().message());
  }

  TestCertificates certificates_;
};

TEST_F(ClientSecurityTest, SpeaksTlsWithAServerThatItsAuthorityVouchesFor) {
  const FakeServer server(Tls());
  EXPECT_EQ(Error(server.address(), Trusting("ca")), "");
  EXPECT_THAT(Error(server.address(), Trusting("other")),
              AllOf(HasSubstr("nobody answers there whom tls_ca vouches for"), HasSubstr("certificate verify failed")));
}

TEST_F(ClientSecurityTest, NeitherSpeaksInTheOpenToATlsServerNorTlsToAnOpenOne) {
  const FakeServer tls(Tls()), open;
  EXPECT_NE(Error(tls.address(), {.connect_timeout_ms = 0}), "");
  EXPECT_THAT(Error(open.address(), Trusting("ca")), HasSubstr("does it speak TLS"));
}

TEST_F(ClientSecurityTest, ShowsItsOwnCertificateToAServerThatAsks) {
  const FakeServer server(Tls(/*mutual=*/true));
  EXPECT_EQ(Error(server.address(), AsClient()), "");
  EXPECT_NE(Error(server.address(), Trusting("ca")), "");
}

TEST_F(ClientSecurityTest, ADurableSessionUsesTheSameOptions) {
  FakeServer::Options options = Tls(/*mutual=*/true);
  options.token = kToken;
  FakeServer one(options), two(options);
  one.Script({{Mishap::kBeforeOutputs, 1}});
  DurableOptions durable;
  durable.client = AsClient();
  durable.client.token = kToken;
  auto session = DurableSession::Open({one.address(), two.address()}, "sum", durable);
  ASSERT_TRUE(session.ok()) << session.status();
  for (int i = 1; i < 4; ++i) EXPECT_THAT(*session->Step({1, 0}), ElementsAre(i));
  EXPECT_EQ(session->server(), two.address());
  durable.client.token = "wrong";
  EXPECT_EQ(DurableSession::Open({one.address()}, "sum", durable).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(ClientSecurityTest, FilesThatCanNotBeUsedAreNamedWithTheReason) {
  ClientOptions options = AsClient();
  options.tls_ca = "/nowhere/ca.pem";
  EXPECT_THAT(Error("127.0.0.1:1", options), HasSubstr("tls_ca=/nowhere/ca.pem: can't be read, or is empty (No such"));
  options = AsClient();
  options.tls_cert = certificates_.Key("client");
  EXPECT_THAT(Error("127.0.0.1:1", options),
              HasSubstr("tls_cert=" + certificates_.Key("client") + ": is no PEM file with a CERTIFICATE"));
  options = AsClient();
  options.tls_key = certificates_.Pem("client");
  EXPECT_THAT(Error("127.0.0.1:1", options), HasSubstr("is no PEM file with a PRIVATE KEY"));
  options.tls_key = "";
  EXPECT_THAT(Error("127.0.0.1:1", options), HasSubstr("tls_cert is set alone"));
  options = AsClient();
  options.tls_ca = "";
  EXPECT_THAT(Error("127.0.0.1:1", options), HasSubstr("tls_cert is set without tls_ca"));
}

TEST(ClientToken, GoesWithEveryCall) {
  FakeServer server({.token = kToken});
  const auto client = Client::Connect(server.address(), {.token = kToken});
  EXPECT_TRUE(client->GetServerInfo().ok());
  EXPECT_TRUE(client->Open("sum").ok());
  const auto wrong = Client::Connect(server.address(), {.token = "wrong"});
  EXPECT_EQ(wrong->GetServerInfo().status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(wrong->Open("sum").status().code(), absl::StatusCode::kUnauthenticated);
}

TEST(ClientToken, NeverTravelsInTheOpen) {
  for (const char* address : {"192.0.2.1:8001", "127.0.0.1.example:8001", "127.example:8001", "localhost.example:8001",
                              "[2001:db8::1]:8001"}) {
    const absl::Status status = Client::Connect(address, {.connect_timeout_ms = 0, .token = kToken}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << address;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("in the open"), Not(HasSubstr(kToken))));
  }
  DurableOptions options;  // looks at every address, and then at none
  options.client.token = kToken;
  for (const char* address : {"127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/nowhere"}) {
    const absl::Status status = DurableSession::Open({address, "nowhere"}, "sum", options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("'nowhere' is not HOST:PORT"));
  }
}

TEST(ClientToken, MustBeATokenAndIsNotShown) {
  for (const char* token : {"two words", "line\n", "\x01", "caf\xc3\xa9"}) {
    const absl::Status status = Client::Connect("127.0.0.1:1", {.token = token}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(token)));
  }
}

}  // namespace
}  // namespace recurd
