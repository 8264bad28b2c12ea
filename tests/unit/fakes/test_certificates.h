#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "grpcpp/grpcpp.h"
#include "grpcpp/security/credentials.h"

namespace recurd {

// CAs and what they sign, made by the openssl command into a folder of their own: NAME.pem and NAME.key.
class TestCertificates {
 public:
  TestCertificates() {
    std::string name = ::testing::TempDir() + "recurd_certificates_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~TestCertificates() { std::filesystem::remove_all(folder_); }
  TestCertificates(const TestCertificates&) = delete;

  void MakeCa(const std::string& name) { Run(Request(name, "/CN=" + name)); }
  // `names` as a subjectAltName: "DNS:a.example,URI:spiffe://example/b", or "".
  void Issue(const std::string& ca, const std::string& name, const std::string& subject, const std::string& names) {
    Run(Request(name, subject) + " -CA " + Pem(ca) + " -CAkey " + Key(ca) +
        (names.empty() ? "" : " -addext 'subjectAltName=" + names + "'"));
  }
  // A certificate for servers on 127.0.0.1.
  void IssueForServer(const std::string& ca, const std::string& name) {
    Issue(ca, name, "/CN=" + name, "IP:127.0.0.1,DNS:localhost");
  }

  std::string Pem(const std::string& name) const { return folder_ + "/" + name + ".pem"; }
  std::string Key(const std::string& name) const { return folder_ + "/" + name + ".key"; }
  const std::string& folder() const { return folder_; }

  // `name` takes the place of `where`'s files.
  void Replace(const std::string& where, const std::string& name) const {
    for (const char* ending : {".key", ".pem"}) {
      std::filesystem::copy_file(folder_ + "/" + name + ending, folder_ + "/" + where + ending,
                                 std::filesystem::copy_options::overwrite_existing);
    }
  }

  static std::string Text(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Of a client that trusts `ca`, and shows the certificate `name` unless it is "".
  std::shared_ptr<grpc::ChannelCredentials> ClientCredentials(const std::string& ca,
                                                              const std::string& name = "") const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = Text(Pem(ca));
    if (!name.empty()) {
      options.pem_cert_chain = Text(Pem(name));
      options.pem_private_key = Text(Key(name));
    }
    return grpc::SslCredentials(options);
  }

 private:
  std::string Request(const std::string& name, const std::string& subject) const {
    return "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout " + Key(name) +
           " -out " + Pem(name) + " -subj '" + subject + "'";
  }
  static void Run(const std::string& command) { ASSERT_EQ(system((command + " 2>/dev/null").c_str()), 0) << command; }

  std::string folder_;
};

}  // namespace recurd
