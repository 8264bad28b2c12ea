#include "server/session/store/redis_address.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

constexpr char kScheme[] = "redis://";
constexpr size_t kMaxHost = 253;  // RFC 1035

absl::Status Wrong(const std::string& text, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("'", absl::CHexEscape(text.substr(0, 300)), "': ", what,
                                                 "; the form is redis://HOST:PORT or redis://HOST:PORT/DATABASE"));
}

bool IsHost(const std::string& host) {
  return !host.empty() && host.size() <= kMaxHost && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == '_' || c == ':';
  });
}

}  // namespace

absl::StatusOr<RedisAddress> RedisAddress::Parse(const std::string& text) {
  if (!absl::StartsWith(text, kScheme)) return Wrong(text, "it doesn't begin with redis://");
  std::string rest = text.substr(sizeof kScheme - 1);
  if (rest.find('@') != std::string::npos) {
    return absl::InvalidArgumentError(
        "a redis:// address with a user or a password (HOST stands behind a '@'): put the password into a file of mode "
        "0600 and name that");
  }
  RedisAddress address;
  if (const size_t slash = rest.find('/'); slash != std::string::npos) {
    const std::string database = rest.substr(slash + 1);
    rest.resize(slash);
    if (!database.empty() &&
        (!absl::SimpleAtoi(database, &address.database) || address.database < 0 || address.database > kMaxDatabase)) {
      return Wrong(text, absl::StrCat("the database must be 0 to ", kMaxDatabase));
    }
  }
  const size_t colon = rest.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(rest.substr(colon + 1), &port) || port < 1 || port > 65535) {
    return Wrong(text, "the port must be 1 to 65535");
  }
  address.port = static_cast<uint16_t>(port);
  address.host = rest.substr(0, colon);
  const bool bracketed = absl::StartsWith(address.host, "[") && absl::EndsWith(address.host, "]");
  if (bracketed) address.host = address.host.substr(1, address.host.size() - 2);
  const bool is_v6 = address.host.find(':') != std::string::npos;
  if (!IsHost(address.host) || is_v6 != bracketed) {
    return Wrong(text, "the host must be a name, an IPv4 address or an IPv6 address in brackets");
  }
  return address;
}

std::string RedisAddress::ToString() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return absl::StrCat(kScheme, is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":", port, "/", database);
}

}  // namespace recurd
