#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/child.h"
#include "tests/unit/fakes/listening_socket.h"

namespace recurd {

// Plays systemd to a daemon of the test, as sd_listen_fds(3) and sd_notify(3) have it: keeps sockets listening, starts
// the daemon with them, and hears what it tells.
class ServiceManager {
 public:
  ServiceManager();
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;

  // Under this name it is passed from the next Start on.
  void Keep(std::string name, ListeningSocket socket) { kept_.emplace_back(std::move(name), std::move(socket)); }
  const ListeningSocket& socket(size_t i) const { return kept_[i].second; }

  // The shipped models, with flags that would listen elsewhere. A watchdog of 0 is none.
  std::unique_ptr<Child> Start(int watchdog_ms = 0, const std::vector<std::string>& flags = {});

  // The next message, its fields a line each; "" if none comes in that time.
  std::string Hear(int ms);
  // Passes by messages until one holds `text`.
  std::string HearOf(const std::string& text, int seconds = 30);
  // Messages of that text alone within a time.
  int Count(const std::string& text, int ms);

 private:
  std::string name_;  // an abstract unix socket's
  int notified_;
  std::vector<std::pair<std::string, ListeningSocket>> kept_;
};

}  // namespace recurd
