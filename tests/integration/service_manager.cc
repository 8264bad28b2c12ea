#include "tests/integration/service_manager.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>

namespace recurd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFirstKept = 50;  // above what the shell may be told to close

int MsUntil(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

}  // namespace

ServiceManager::ServiceManager() : notified_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  name_ = "recurd_test_" + std::to_string(getpid()) + "_" + std::to_string(notified_);
  sockaddr_un address = {.sun_family = AF_UNIX};
  name_.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
  if (bind(notified_, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
}

ServiceManager::~ServiceManager() { close(notified_); }

// The shell becomes the daemon, so that its process id is the one in the environment.
std::unique_ptr<Child> ServiceManager::Start(int watchdog_ms, const std::vector<std::string>& flags) {
  std::string names, redirections;
  std::vector<int> passed;
  for (const auto& [name, kept] : kept_) {
    passed.push_back(fcntl(kept.fd(), F_DUPFD, kFirstKept));
    redirections += " " + std::to_string(2 + passed.size()) + "<&" + std::to_string(passed.back());
    redirections += " " + std::to_string(passed.back()) + "<&-";
    names += (names.empty() ? "" : ":") + name;
  }
  std::string command = "export NOTIFY_SOCKET=@" + name_;
  if (!kept_.empty()) {
    command += " LISTEN_PID=$$ LISTEN_FDS=" + std::to_string(kept_.size()) + " LISTEN_FDNAMES=" + names;
  }
  if (watchdog_ms > 0) command += " WATCHDOG_PID=$$ WATCHDOG_USEC=" + std::to_string(watchdog_ms) + "000";
  command += "; exec \"$0\" \"$@\"" + redirections;
  std::vector<std::string> argv = {"/bin/bash",
                                   "-c",
                                   command,
                                   RECURD_BINARY_DIR "/bin/recurd",
                                   "--listen=192.0.2.1:1",
                                   "--metrics_listen=127.0.0.1:0",
                                   "--model_repository=" RECURD_SOURCE_DIR "/deploy/models"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  auto child = std::make_unique<Child>(argv);
  for (const int fd : passed) close(fd);
  return child;
}

std::string ServiceManager::Hear(int ms) {
  pollfd ready = {.fd = notified_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, ms) <= 0) return "";
  char message[4096];
  const ssize_t size = recv(notified_, message, sizeof message, 0);
  return std::string(message, size > 0 ? static_cast<size_t>(size) : 0);
}

std::string ServiceManager::HearOf(const std::string& text, int seconds) {
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    const std::string message = Hear(MsUntil(deadline));
    if (message.empty() || message.find(text) != std::string::npos) return message;
  }
}

int ServiceManager::Count(const std::string& text, int ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(ms);
  int count = 0;
  for (;;) {
    const std::string message = Hear(MsUntil(deadline));
    if (message.empty() && MsUntil(deadline) == 0) return count;
    count += message == text;
  }
}

}  // namespace recurd
