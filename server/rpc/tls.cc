#include "server/rpc/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "server/base/small_file.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

constexpr size_t kMaxPem = 1 << 20;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Bio Open(const std::string& pem) { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// OpenSSL would ask the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

absl::Status Wrong(const char* flag, const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", path, ": ", what));
}

absl::StatusOr<std::string> ReadPem(const char* flag, const std::string& path) {
  auto pem = ReadSmallFile(path, kMaxPem);
  if (pem.ok()) return pem;
  return absl::Status(pem.status().code(), absl::StrCat("--", flag, ": ", pem.status().message()));
}

// The first certificate, after all have been read.
absl::StatusOr<Certificate> FirstOf(const char* flag, const std::string& path, const std::string& pem) {
  const Bio bio = Open(pem);
  Certificate first(PEM_read_bio_X509(bio.get(), nullptr, &NoPassword, nullptr));
  if (first == nullptr) return Wrong(flag, path, "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  while (!BIO_eof(bio.get())) {
    ERR_clear_error();
    const Certificate next(PEM_read_bio_X509(bio.get(), nullptr, &NoPassword, nullptr));
    if (next != nullptr) continue;
    const bool no_more = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!no_more) return Wrong(flag, path, "a certificate behind the first is broken");
    break;
  }
  return first;
}

std::string Printed(const Bio& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

std::string Describe(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  BIO_puts(bio.get(), ", valid until ");
  ASN1_TIME_print(bio.get(), X509_get0_notAfter(certificate));
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) BIO_puts(bio.get(), ": EXPIRED");
  if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) BIO_puts(bio.get(), ": NOT VALID YET");
  return Printed(bio);
}

}  // namespace

// gRPC's C core asks a callback at each connection whether there is a new certificate; its C++ wrapper has no way to
// that, so this adds the port as the wrapper would.
class ServerTls::PortCredentials final : public grpc::ServerCredentials {
 public:
  explicit PortCredentials(ServerTls* tls)
      : credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                tls->wants_client_certificates() ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                                 : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
                &Fetch, tls))) {}
  ~PortCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  static grpc_ssl_certificate_config_reload_status Fetch(void* self, grpc_ssl_server_certificate_config** config) {
    *config = static_cast<ServerTls*>(self)->FreshConfig();
    return *config != nullptr ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  }

  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

absl::StatusOr<std::shared_ptr<ServerTls>> ServerTls::Load(TlsFiles files) {
  const std::shared_ptr<ServerTls> tls(new ServerTls(std::move(files)));
  RECURD_RETURN_IF_ERROR(tls->Reload());
  return tls;
}

absl::Status ServerTls::Reload() {
  RECURD_ASSIGN_OR_RETURN(Pems pems, Read());
  MutexLock lock(mutex_);
  pems_ = std::move(pems);
  fresh_ = true;
  return absl::OkStatus();
}

absl::StatusOr<ServerTls::Pems> ServerTls::Read() const {
  Pems pems;
  RECURD_ASSIGN_OR_RETURN(pems.cert, ReadPem("tls_cert", files_.cert));
  RECURD_ASSIGN_OR_RETURN(pems.key, ReadPem("tls_key", files_.key));
  RECURD_ASSIGN_OR_RETURN(const Certificate certificate, FirstOf("tls_cert", files_.cert, pems.cert));
  const PrivateKey key(PEM_read_bio_PrivateKey(Open(pems.key).get(), nullptr, &NoPassword, nullptr));
  if (key == nullptr) {
    return Wrong("tls_key", files_.key,
                 "holds no private key in PEM form, or one with a password, which can't be asked for");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Wrong("tls_key", files_.key, absl::StrCat("isn't the key of --tls_cert=", files_.cert));
  }
  if (wants_client_certificates()) {
    RECURD_ASSIGN_OR_RETURN(pems.client_ca, ReadPem("tls_client_ca", files_.client_ca));
    RECURD_RETURN_IF_ERROR(FirstOf("tls_client_ca", files_.client_ca, pems.client_ca).status());
  }
  pems.description = Describe(certificate.get());
  return pems;
}

grpc_ssl_server_certificate_config* ServerTls::FreshConfig() {
  MutexLock lock(mutex_);
  if (!std::exchange(fresh_, false)) return nullptr;
  const grpc_ssl_pem_key_cert_pair pair = {pems_.key.c_str(), pems_.cert.c_str()};
  // gRPC insists on roots, also where it asks clients for nothing that they could be used for.
  const std::string& roots = wants_client_certificates() ? pems_.client_ca : pems_.cert;
  return grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
}

std::string ServerTls::Description() const {
  MutexLock lock(mutex_);
  return pems_.description;
}

std::shared_ptr<grpc::ServerCredentials> ServerTls::Credentials() { return std::make_shared<PortCredentials>(this); }

}  // namespace recurd
