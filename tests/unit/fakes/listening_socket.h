#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>

namespace recurd {

// A socket as systemd would open it for a service: bound, listening and blocking. Closed with the object.
class ListeningSocket {
 public:
  // On a free port of 127.0.0.1, "0.0.0.0:0" or "[::1]:0".
  explicit ListeningSocket(const std::string& address = "127.0.0.1:0") : ListeningSocket(SOCK_STREAM, address) {}
  explicit ListeningSocket(int type) : ListeningSocket(type, "127.0.0.1:0") {}
  ListeningSocket(ListeningSocket&& from) noexcept
      : fd_(std::exchange(from.fd_, -1)), folder_(std::exchange(from.folder_, "")) {}
  ~ListeningSocket() {
    Close();
    if (folder_.empty()) return;
    unlink(path().c_str());
    rmdir(folder_.c_str());
  }

  static ListeningSocket Unix() {
    char folder[] = "/tmp/recurd_socket_XXXXXX";
    EXPECT_NE(mkdtemp(folder), nullptr);
    return ListeningSocket(folder, std::string(folder) + "/s");
  }
  static ListeningSocket Abstract() { return ListeningSocket("", std::string("\0recurd_test", 12)); }
  static ListeningSocket NotListening() { return ListeningSocket(SOCK_STREAM, "127.0.0.1:0", false); }

  int fd() const { return fd_; }
  int port() const {
    sockaddr_in address = {};  // sin_port and sin6_port lie at the same place
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  std::string path() const { return folder_ + "/s"; }
  // A descriptor of its own for who takes the socket over and closes it. The socket is non-blocking from then on.
  int Duplicate() const {
    fcntl(fd_, F_SETFL, O_NONBLOCK);
    return fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  ListeningSocket(int type, const std::string& address, bool listening = true) {
    const bool v6 = address.front() == '[';
    fd_ = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in v4_address = {.sin_family = AF_INET,
                              .sin_port = 0,
                              .sin_addr = {htonl(address.front() == '0' ? INADDR_ANY : INADDR_LOOPBACK)}};
    sockaddr_in6 v6_address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    const auto* at = v6 ? reinterpret_cast<sockaddr*>(&v6_address) : reinterpret_cast<sockaddr*>(&v4_address);
    EXPECT_EQ(bind(fd_, at, v6 ? sizeof v6_address : sizeof v4_address), 0);
    EXPECT_TRUE(!listening || type != SOCK_STREAM || listen(fd_, 1) == 0);
  }
  ListeningSocket(std::string folder, const std::string& name) : folder_(std::move(folder)) {
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {.sun_family = AF_UNIX};
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
  }

  int fd_ = -1;
  std::string folder_;
};

}  // namespace recurd
