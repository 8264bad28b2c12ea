#include "client/recurctl/command.h"

#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace recurd {

namespace {

constexpr size_t kMaxTokenBytes = 4096;

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  const std::string flag = absl::StrCat("--token_file=", path);
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxTokenBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) return absl::NotFoundError(absl::StrCat(flag, ": can't be read"));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxTokenBytes) {
    return absl::InvalidArgumentError(absl::StrCat(flag, ": more than ", kMaxTokenBytes, " bytes: is it a token?"));
  }
  absl::StripAsciiWhitespace(&text);
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(flag, ": holds no token"));
  return text;
}

}  // namespace

void ServerFlags::AddTo(FlagSet* flags, bool list) {
  flags->Add("server", &server,
             list ? "The daemon's address: HOST:PORT or unix:PATH; several with commas between: the session goes on at "
                    "any of them."
                  : "The daemon's address: HOST:PORT or unix:PATH.");
  flags->Add("connect_timeout", &connect_timeout, 0, 3600,
             "How long to keep trying while nobody answers, in seconds; 0: one attempt.");
  flags->Add("tls_ca", &tls_ca, "PEM file with the certificate, or authority, to know the daemon by: speaks TLS.");
  flags->Add("tls_cert", &tls_cert, "PEM file with a certificate to be known by, for daemons that ask for one.");
  flags->Add("tls_key", &tls_key, "PEM file with the key of --tls_cert.");
  flags->Add("token_file", &token_file,
             "File with the token to be known by; sent over TLS, to this machine, and to nobody else.");
}

std::vector<std::string> ServerFlags::Servers() const { return absl::StrSplit(server, ','); }

absl::StatusOr<ClientOptions> ServerFlags::Options() const {
  ClientOptions options;
  options.connect_timeout_ms = static_cast<int>(connect_timeout * 1000);
  options.tls_ca = tls_ca;
  options.tls_cert = tls_cert;
  options.tls_key = tls_key;
  if (token_file.empty()) return options;
  absl::StatusOr<std::string> token = ReadToken(token_file);
  if (!token.ok()) return token.status();
  options.token = *std::move(token);
  return options;
}

absl::StatusOr<Client> ServerFlags::Connect() const {
  const absl::StatusOr<ClientOptions> options = Options();
  if (!options.ok()) return options.status();
  return Client::Connect(server, *options);
}

int Fail(const absl::Status& status) {
  absl::FPrintF(stderr, "recurctl: %s\n", Printable(std::string(status.message())));
  const bool said_by_daemon = RefusalOf(status) || EndOf(status);
  return absl::IsUnavailable(status) && !said_by_daemon ? kExitUnreachable : kExitFailed;
}

int FailUsage(const std::string& message) {
  absl::FPrintF(stderr, "recurctl: %s\n", message);
  return kExitUsage;
}

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  return google::protobuf::util::MessageToJsonString(message, &text, options).ok() ? text : "{}";
}

std::string JsonString(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += absl::StrFormat("\\u%04x", c);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string Printable(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
    out += control ? absl::CHexEscape(std::string(1, c)) : std::string(1, c);
  }
  return out;
}

std::string Duration(double ns) {
  if (ns < 1e3) return absl::StrFormat("%.3g ns", ns);
  if (ns < 1e6) return absl::StrFormat("%.3g us", ns / 1e3);
  if (ns < 1e9) return absl::StrFormat("%.3g ms", ns / 1e6);
  return absl::StrFormat("%.4g s", ns / 1e9);
}

std::string AccuracyText(int steps, double largest_error, double rms_error, double rms_output) {
  return absl::StrFormat("within %.2g of double precision, rms %.2g of %.2g, over %d steps of made-up inputs",
                         largest_error, rms_error, rms_output, steps);
}

}  // namespace recurd
