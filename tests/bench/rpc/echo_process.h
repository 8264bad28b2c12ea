#pragma once

#include <string>

#include "tests/integration/child.h"

namespace recurd::bench {

// The bare echo (echo_server.h) as a process on one CPU.
class EchoProcess : public Child {
 public:
  explicit EchoProcess(int cpu) : Child({RECURD_BINARY_DIR "/tests/echo_server"}, cpu) {
    const std::string line = WaitForLine("port ");
    address_ = "127.0.0.1:" + line.substr(line.find("port ") + 5);
  }
  std::string address() const { return address_; }

 private:
  std::string address_;
};

}  // namespace recurd::bench
