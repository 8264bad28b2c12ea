#include "client/recurctl/command.h"

#include <google/protobuf/util/json_util.h>

#include <cstdio>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace recurd {

void ServerFlags::AddTo(FlagSet* flags) {
  flags->Add("server", &server, "The daemon's address: HOST:PORT or unix:PATH.");
  flags->Add("connect_timeout", &connect_timeout, 0, 3600,
             "How long to keep trying while nobody answers, in seconds; 0: one attempt.");
}

absl::StatusOr<Client> ServerFlags::Connect() const {
  ClientOptions options;
  options.connect_timeout_ms = static_cast<int>(connect_timeout * 1000);
  return Client::Connect(server, options);
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

}  // namespace recurd
