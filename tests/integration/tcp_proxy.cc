#include "tests/integration/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace recurd {
namespace {

constexpr int kPollMs = 5;

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void CloseWithReset(int fd) {
  const linger at_once = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

// One read and all of it written; false once `from` has ended.
bool Pass(int from, int to) {
  char bytes[65536];
  const ssize_t size = read(from, bytes, sizeof bytes);
  if (size <= 0) return false;
  for (ssize_t at = 0; at < size;) {
    const ssize_t n = send(to, bytes + at, static_cast<size_t>(size - at), MSG_NOSIGNAL);
    if (n <= 0) return false;
    at += n;
  }
  return true;
}

}  // namespace

TcpProxy::TcpProxy(int port) : target_port_(port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("proxy");
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

TcpProxy::~TcpProxy() {
  over_ = true;
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

void TcpProxy::Accept() {
  while (!over_) {
    pollfd waiting = {listener_, POLLIN, 0};
    if (poll(&waiting, 1, kPollMs) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(target_port_);
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(server);
      CloseWithReset(client);
      continue;
    }
    for (const int fd : {client, server}) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    ++accepted_;
    const Pair pair = {client, server, cut_up_to_, stalled_up_to_};
    threads_.emplace_back([this, pair] { Forward(pair); });
  }
}

void TcpProxy::Forward(Pair pair) {
  while (!over_ && pair.cut_at == cut_up_to_) {
    if (pair.stalled_at != stalled_up_to_) {
      usleep(kPollMs * 1000);
      continue;
    }
    pollfd both[] = {{pair.client, POLLIN, 0}, {pair.server, POLLIN, 0}};
    if (poll(both, 2, kPollMs) <= 0) continue;
    if (both[0].revents != 0 && !Pass(pair.client, pair.server)) break;
    if (both[1].revents != 0 && !Pass(pair.server, pair.client)) break;
  }
  CloseWithReset(pair.client);
  CloseWithReset(pair.server);
}

}  // namespace recurd
