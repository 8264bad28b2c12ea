#include "server/base/inherited_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

template <typename... Parts>
absl::Status WrongSocket(const NamedDescriptor& given, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("the inherited socket '", given.name, "' ", parts...));
}

union SocketAddress {
  sockaddr_storage any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
};

bool IsListeningStream(int fd) {
  int type = 0, listens = 0;
  socklen_t size = sizeof(int);
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return false;
  size = sizeof(int);
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

// "" for what no flag could say, such as a unix socket without a path.
std::string AddressOf(int fd) {
  SocketAddress address = {};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN];
  if (address.any.ss_family == AF_INET && inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof(text))) {
    return absl::StrCat(text, ":", ntohs(address.v4.sin_port));
  }
  if (address.any.ss_family == AF_INET6 && inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof(text))) {
    return absl::StrCat("[", text, "]:", ntohs(address.v6.sin6_port));
  }
  const bool has_path = size > offsetof(sockaddr_un, sun_path) && address.local.sun_path[0] == '/';
  return address.any.ss_family == AF_UNIX && has_path ? absl::StrCat("unix:", address.local.sun_path) : "";
}

InheritedSocket* PlaceOf(const std::string& name, InheritedSockets* sockets) {
  if (name == "grpc") return &sockets->grpc;
  if (name == "metrics") return &sockets->metrics;
  return name == "admin" ? &sockets->admin : nullptr;
}

absl::Status Sort(const NamedDescriptor& given, InheritedSockets* sockets) {
  InheritedSocket* const place = PlaceOf(given.name, sockets);
  if (place == nullptr) {
    return WrongSocket(given, "has a name that says nothing here; its socket unit needs FileDescriptorName=grpc, ",
                       "metrics or admin");
  }
  if (place->fd >= 0) return WrongSocket(given, "comes twice; give its socket unit one ListenStream= only");
  if (!IsListeningStream(given.fd)) return WrongSocket(given, "isn't a listening stream socket; use ListenStream=");
  const std::string address = AddressOf(given.fd);
  const bool local = absl::StartsWith(address, "unix:");
  if (address.empty() || (local && place == &sockets->metrics) || (!local && place == &sockets->admin)) {
    return WrongSocket(given, "is bound to '", address, "'; grpc may be TCP or a unix socket with a path, metrics TCP ",
                       "only, admin a unix socket with a path only");
  }
  if (fcntl(given.fd, F_SETFL, fcntl(given.fd, F_GETFL) | O_NONBLOCK) != 0) {
    return WrongSocket(given, "can't be made non-blocking");
  }
  *place = {given.fd, address};
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<InheritedSockets> SortInheritedSockets(const std::vector<NamedDescriptor>& given) {
  InheritedSockets sockets;
  for (const NamedDescriptor& one : given) RECURD_RETURN_IF_ERROR(Sort(one, &sockets));
  return sockets;
}

}  // namespace recurd
