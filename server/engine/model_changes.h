#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/mailbox.h"
#include "server/engine/engine.h"

namespace recurd {

// What was done to a model.
struct ModelChange {
  std::vector<std::string> versions;  // loaded, newest first; or unloaded
  int sessions = 0;                   // on what is served no longer: they may go on for the grace
};

// Loads and unloads models while others are served. The serving thread asks, the admin thread reads, builds, warms and
// checks, and the serving thread switches: all versions that a request loads, or none. One request at a time, in their
// order.
class ModelChanges {
 public:
  static constexpr size_t kMaxWaiting = 16;

  using Models = std::vector<std::shared_ptr<ServedModel>>;
  // Makes a version of a model ready to be served, or with "" those that its version policy chooses, newest first.
  // Called on the admin thread. Nothing has changed where it fails.
  using Load = std::function<absl::StatusOr<Models>(const std::string& name, const std::string& version)>;
  // Hears, on the admin thread, what is served after each change.
  using Watcher = std::function<void(const std::vector<ModelSummary>& models)>;

  // Before the serving thread starts. serving: of the thread that owns `engine`. wake: called, from the serving thread,
  // when there is something for Work. All must outlive the serving thread.
  ModelChanges(Engine& engine, Mailbox& serving, std::function<void()> wake, Load load, Watcher watcher);
  ModelChanges(const ModelChanges&) = delete;

  // ---- serving thread only

  struct Request {
    enum class Kind { kLoad, kUnload };
    Kind kind = Kind::kLoad;
    std::string name;
    std::string version;  // kLoad: "" is what the version policy chooses, and nothing else; kUnload: "" is all
  };
  // Called once, on the serving thread, within Ask or later. Errors: the loader's; NOT_FOUND for what isn't served;
  // RESOURCE_EXHAUSTED for one request too many; UNAVAILABLE once the server drains.
  using Answer = std::function<void(const absl::StatusOr<ModelChange>& change)>;
  void Ask(Request request, Answer answer);
  // Answers all that wait; they change nothing any more.
  void Drain();

  // ---- admin thread only

  // Does one of the requests that wait; a load takes as long as it takes. True if there are more.
  bool Work();

 private:
  struct Waiting {
    Request request;
    Answer answer;
  };

  void Perform(uint64_t id, const Request& request);               // admin thread
  void Finish(uint64_t id, const absl::StatusOr<Models>& loaded);  // serving thread
  absl::StatusOr<ModelChange> Switch(const Request& request, const absl::StatusOr<Models>& loaded);
  std::vector<std::string> Served(const Request& request) const;

  Engine& engine_;
  Mailbox& serving_;
  Mailbox admin_;
  const Load load_;
  const Watcher watcher_;
  std::map<uint64_t, Waiting> waiting_;      // serving thread
  uint64_t last_id_ = 0;                     // serving thread
  std::deque<std::function<void()>> to_do_;  // admin thread
};

}  // namespace recurd
