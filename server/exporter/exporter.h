#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/base/tokens.h"
#include "server/engine/metrics.h"
#include "server/exporter/http_listener.h"
#include "server/exporter/info.h"

namespace recurd {

// Serves the counters as Prometheus text under http://ADDRESS/metrics until it is destroyed.
// Threads: a scrape runs on the exporter's own thread, which loads the counters relaxed and takes no lock that the
// serving thread takes.
class Exporter {
 public:
  // Address: 127.0.0.1:8002, [::1]:8002, localhost:8002, 0.0.0.0:8002 or [::]:8002; port 0 takes a free one;
  // "" or "off" listens on nothing. `metrics` must outlive the exporter. `tokens`: as SetTokens.
  // `listening_fd`: a non-blocking TCP socket that listens there already, which is taken over; -1: none.
  // Errors: INVALID_ARGUMENT for another form of address; UNAVAILABLE naming an address that can't be had.
  static absl::StatusOr<std::unique_ptr<Exporter>> Start(const std::string& address, const Metrics& metrics,
                                                         BuildInfo build,
                                                         std::shared_ptr<const Tokens> tokens = nullptr,
                                                         int listening_fd = -1);

  // Whose bearer tokens a scrape needs, one with the role metrics; nullptr: none. Threads: any.
  void SetTokens(std::shared_ptr<const Tokens> tokens);

  // The models that are loaded from now on; no two are equal. Threads: any.
  void SetModels(std::vector<ModelInfo> models);

  // What a scrape answers. Threads: any.
  std::string Text() const;

  // The port listened on; 0: none.
  int port() const { return listener_ ? listener_->port() : 0; }

 private:
  Exporter(const Metrics& metrics, BuildInfo build, std::shared_ptr<const Tokens> tokens);
  bool Admits(std::string_view authorization) const;

  const Metrics& metrics_;
  const BuildInfo build_;
  mutable Mutex mutex_;
  std::vector<ModelInfo> models_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const Tokens> tokens_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<HttpListener> listener_;  // last: its thread uses the rest
};

}  // namespace recurd
