#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace recurd {

// A connection to 127.0.0.1:port that says what it is told to.
class RawClient {
 public:
  explicit RawClient(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~RawClient() { close(fd_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void Send(const std::string& bytes) { send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  // Waits for bytes; "" once the server closed.
  std::string ReadSome() {
    char piece[4096];
    const ssize_t got = recv(fd_, piece, sizeof piece, 0);
    return got > 0 ? std::string(piece, got) : "";
  }

  // All bytes until the server closes.
  std::string ReadAll() {
    std::string all;
    for (std::string piece; !(piece = ReadSome()).empty();) all += piece;
    return all;
  }

 private:
  const int fd_;
};

inline std::string Ask(int port, const std::string& request) {
  RawClient client(port);
  client.Send(request);
  return client.ReadAll();
}

}  // namespace recurd
