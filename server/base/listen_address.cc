#include "server/base/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace recurd {
namespace {

constexpr size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr char kUnix[] = "unix:";

absl::Status NoAddress(const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat("'", text,
                                                 "' is no address to listen on; write HOST:PORT (0.0.0.0 is every IPv4 "
                                                 "address), [V6]:PORT or unix:PATH (a path of at most ",
                                                 kMaxUnixPath, " bytes), with a port of 0 to 65535"));
}

}  // namespace

absl::StatusOr<ListenAddress> ListenAddress::Parse(const std::string& text) {
  ListenAddress address;
  if (text.find('\0') != std::string::npos) return NoAddress(text);
  if (absl::StartsWith(text, kUnix)) {
    address.unix_path = text.substr(sizeof(kUnix) - 1);
    if (address.unix_path.empty() || address.unix_path.size() > kMaxUnixPath) return NoAddress(text);
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return NoAddress(text);
  const std::string port = text.substr(colon + 1);
  uint32_t number = 0;
  if (port.find_first_not_of("0123456789") != std::string::npos || !absl::SimpleAtoi(port, &number) || number > 65535) {
    return NoAddress(text);
  }
  address.host = text.substr(0, colon);
  address.port = static_cast<uint16_t>(number);
  const bool bracketed = address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']';
  if (bracketed) address.host = address.host.substr(1, address.host.size() - 2);
  if (bracketed != (address.host.find(':') != std::string::npos)) return NoAddress(text);
  return address;
}

bool ListenAddress::IsLocal() const {
  if (IsUnix() || absl::EqualsIgnoreCase(host, "localhost")) return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
  in6_addr v6;
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == IN_LOOPBACKNET);
}

}  // namespace recurd
