#pragma once

#include <string>

#include "tests/integration/child.h"
#include "tests/unit/exporter/http_client.h"

namespace recurd {

// The value of a sample of the daemon's metrics, named as in the exposition, labels and all; -1 if there is none.
inline double Scraped(const Daemon& daemon, const std::string& sample) {
  const std::string address = daemon.metrics_address();
  const std::string text =
      Ask(std::stoi(address.substr(address.find(':') + 1)), "GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n");
  const size_t at = text.find("\n" + sample + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + sample.size() + 2));
}

}  // namespace recurd
