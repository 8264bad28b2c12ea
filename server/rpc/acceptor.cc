#include "server/rpc/acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

using std::chrono::milliseconds;

constexpr int kBacklog = 4096;
constexpr int kAtOnce = 64;  // accepted from one socket before the others and Stop have their turn
constexpr milliseconds kPruneEvery(1000);
constexpr milliseconds kPruneAtLimit(20);
constexpr milliseconds kPause(50);           // while there is no descriptor left
constexpr unsigned kUserTimeoutMs = 20'000;  // gRPC's own sockets have the keepalive timeout here

struct AddressList {
  ~AddressList() {
    if (first != nullptr) freeaddrinfo(first);
  }
  addrinfo* first = nullptr;
};

void SetOption(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); }

// Accepted sockets inherit them.
void SetTcpOptions(int fd) {
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
}

// A listening socket, or -1 with errno.
int OpenListener(const addrinfo& address, uint16_t port) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  SetTcpOptions(fd);
  if (address.ai_family == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);  // [::] is all of IPv4 too
  sockaddr_storage where = {};
  std::memcpy(&where, address.ai_addr, address.ai_addrlen);
  // sin_port and sin6_port lie at the same place.
  reinterpret_cast<sockaddr_in*>(&where)->sin_port = htons(port);
  if (bind(fd, reinterpret_cast<sockaddr*>(&where), address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

uint16_t PortOf(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return 0;
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

// 0: not a socket.
ino_t InodeOf(int fd) {
  struct stat file = {};
  return fstat(fd, &file) == 0 && S_ISSOCK(file.st_mode) ? file.st_ino : 0;
}

// gRPC writes a line to its log for each that was reset before it came so far.
bool HasPeer(int fd) {
  sockaddr_storage peer;
  socklen_t size = sizeof(peer);
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

// By a reset, so that refused connections leave nothing behind here.
void Refuse(int fd) {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd);
}

absl::Status CantListen(const ListenAddress& address, const char* reason) {
  return absl::UnavailableError(
      absl::StrCat("can't listen on '", address.host, ":", address.port, "': ", reason,
                   "; the address is taken or isn't one of this machine; choose another with --listen=HOST:PORT"));
}

}  // namespace

Acceptor::Acceptor(ConnectionLimits limits, ConnectionMetrics& metrics)
    : limits_(limits), metrics_(metrics), stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), room_(limits.rate) {}

Acceptor::~Acceptor() {
  Stop();
  if (stop_fd_ >= 0) close(stop_fd_);
}

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(const ListenAddress& address, ConnectionLimits limits,
                                                           ConnectionMetrics& metrics) {
  auto acceptor = absl::WrapUnique(new Acceptor(limits, metrics));
  RECURD_RETURN_IF_ERROR(acceptor->Bind(address));
  return acceptor;
}

std::unique_ptr<Acceptor> Acceptor::TakeOver(int listener, ConnectionLimits limits, ConnectionMetrics& metrics) {
  auto acceptor = absl::WrapUnique(new Acceptor(limits, metrics));
  SetTcpOptions(listener);     // fails on a unix socket, which needs none
  listen(listener, kBacklog);  // whatever its backlog was
  acceptor->listeners_.push_back(listener);
  acceptor->port_ = PortOf(listener);
  return acceptor;
}

absl::Status Acceptor::Bind(const ListenAddress& address) {
  if (stop_fd_ < 0) return CantListen(address, strerror(errno));
  const addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
  AddressList list;
  if (const int error = getaddrinfo(address.host.c_str(), nullptr, &hints, &list.first); error != 0) {
    return CantListen(address, gai_strerror(error));
  }
  uint16_t port = address.port;
  int error = EADDRNOTAVAIL;
  for (const addrinfo* at = list.first; at != nullptr; at = at->ai_next) {
    const int fd = OpenListener(*at, port);
    if (fd < 0) {
      error = errno;
      if (error == EADDRINUSE && address.port != 0) return CantListen(address, strerror(error));
      continue;  // such as IPv6 where there is none
    }
    listeners_.push_back(fd);
    port = PortOf(fd);
  }
  if (listeners_.empty()) return CantListen(address, strerror(error));
  port_ = port;
  return absl::OkStatus();
}

void Acceptor::Start(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server) {
  server_ = std::move(server);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "recurd-accept");
    Run();
  });
}

void Acceptor::Stop() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    (void)!write(stop_fd_, &one, sizeof(one));
    thread_.join();
  }
  for (const int fd : listeners_) close(fd);
  listeners_.clear();
  server_.reset();
}

void Acceptor::Run() {
  std::vector<pollfd> polled = {{.fd = stop_fd_, .events = POLLIN}};
  for (const int fd : listeners_) polled.push_back({.fd = fd, .events = POLLIN});
  bool starved = false;
  for (;;) {
    const int wait_ms = starved ? kPause.count() : connections_.empty() ? -1 : kPruneEvery.count();
    poll(polled.data(), starved ? 1 : polled.size(), wait_ms);
    if (polled[0].revents != 0) return;
    const bool retry = std::exchange(starved, false);
    for (size_t i = 1; i < polled.size(); ++i) {
      if (retry || polled[i].revents != 0) starved |= !AcceptFrom(polled[i].fd);
    }
    if (Clock::now() - pruned_ >= kPruneEvery) Prune();
  }
}

bool Acceptor::AcceptFrom(int listener) {
  for (int i = 0; i < kAtOnce; ++i) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Take(listener, fd);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return false;
    if (errno == EAGAIN) return true;
  }
  return true;
}

void Acceptor::Take(int listener, int fd) {
  connections_.erase(fd);  // the number was free, so whatever it stood for is over
  if (!HasPeer(fd)) {
    close(fd);
    return;
  }
  const bool within_rate = WithinRate();
  if (!within_rate || !WithinLimit()) {
    metrics_.refused[static_cast<size_t>(within_rate ? ConnectionRefusal::kLimit : ConnectionRefusal::kRate)].Add();
    return Refuse(fd);
  }
  connections_[fd] = InodeOf(fd);
  metrics_.open.Set(static_cast<int64_t>(connections_.size()));
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.listener_fd = listener;
  parameters.fd = fd;
  server_->HandleNewConnection(&parameters);
}

bool Acceptor::WithinRate() {
  if (limits_.rate == 0) return true;
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - std::exchange(filled_, now)).count();
  room_ = std::min<double>(limits_.rate, room_ + seconds * limits_.rate);
  if (room_ < 1) return false;
  room_ -= 1;
  return true;
}

bool Acceptor::WithinLimit() {
  if (limits_.open == 0 || static_cast<int>(connections_.size()) < limits_.open) return true;
  if (Clock::now() - pruned_ >= kPruneAtLimit) Prune();
  return static_cast<int>(connections_.size()) < limits_.open;
}

void Acceptor::Prune() {
  pruned_ = Clock::now();
  absl::erase_if(connections_, [](const auto& connection) { return InodeOf(connection.first) != connection.second; });
  metrics_.open.Set(static_cast<int64_t>(connections_.size()));
}

}  // namespace recurd
