#include "server/engine/model_changes.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/log.h"

namespace recurd {
namespace {

using Kind = ModelChanges::Request::Kind;

// Names may come from anybody who may ask, and are of any length.
std::string Shown(const ModelChanges::Request& request) {
  constexpr size_t kShown = 64;
  return absl::CHexEscape(absl::StrCat(request.name.substr(0, kShown), request.version.empty() ? "" : "/",
                                       request.version.substr(0, kShown)));
}

void LogChange(const ModelChanges::Request& request, const absl::StatusOr<ModelChange>& change) {
  const char* verb = request.kind == Kind::kLoad ? "load" : "unload";
  if (!change.ok()) {
    return LogWarning(absl::StrCat("can't ", verb, " model ", Shown(request),
                                   ", nothing has changed: ", std::string(change.status().message())));
  }
  LogInfo(absl::StrCat(verb, "ed model ", Shown(request), ": ", absl::StrJoin(change->versions, ", "),
                       "; sessions that may go on for --reload_grace: ", change->sessions));
}

}  // namespace

ModelChanges::ModelChanges(Engine& engine, Mailbox& serving, std::function<void()> wake, Load load, Watcher watcher)
    : engine_(engine),
      serving_(serving),
      admin_(std::move(wake)),
      load_(std::move(load)),
      watcher_(std::move(watcher)) {}

void ModelChanges::Ask(Request request, Answer answer) {
  if (engine_.draining()) return answer(absl::UnavailableError("the server is shutting down"));
  if (waiting_.size() >= kMaxWaiting) {
    return answer(absl::ResourceExhaustedError(
        absl::StrCat(kMaxWaiting, " loads and unloads of models are waiting already; try again when they are done")));
  }
  const uint64_t id = ++last_id_;
  admin_.Post([this, id, request] { to_do_.push_back([this, id, request] { Perform(id, request); }); });
  waiting_[id] = {std::move(request), std::move(answer)};
}

void ModelChanges::Drain() {
  auto waiting = std::exchange(waiting_, {});
  for (auto& [id, one] : waiting)
    one.answer(absl::UnavailableError("the server is shutting down; nothing has changed"));
}

bool ModelChanges::Work() {
  admin_.Drain();
  if (to_do_.empty()) return false;
  const std::function<void()> next = std::move(to_do_.front());
  to_do_.pop_front();
  next();
  return !to_do_.empty();
}

// The serving thread gets what was loaded, and is the one to let go of it.
void ModelChanges::Perform(uint64_t id, const Request& request) {
  absl::StatusOr<Models> loaded = Models();
  if (request.kind == Kind::kLoad) loaded = load_(request.name, request.version);
  serving_.Post([this, id, loaded = std::move(loaded)] { Finish(id, loaded); });
}

void ModelChanges::Finish(uint64_t id, const absl::StatusOr<Models>& loaded) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;  // Drain has answered
  const Waiting one = std::move(found->second);
  waiting_.erase(found);
  const absl::StatusOr<ModelChange> change = Switch(one.request, loaded);
  admin_.Post([this, request = one.request, change, models = engine_.catalog().Summaries()] {
    LogChange(request, change);
    if (change.ok()) watcher_(models);
  });
  one.answer(change);
}

absl::StatusOr<ModelChange> ModelChanges::Switch(const Request& request, const absl::StatusOr<Models>& loaded) {
  if (!loaded.ok()) return loaded.status();
  ModelChange change;
  std::vector<std::string> leaving = Served(request);
  if (request.kind == Kind::kUnload) {
    if (leaving.empty()) return FindModel(engine_.catalog(), request.name, request.version).status();
    change.versions = leaving;
  }
  for (const auto& served : *loaded) {
    const std::string& version = served->model->version;
    change.versions.push_back(version);
    std::erase(leaving, version);
    const auto before = engine_.catalog().Find(served->model->name, version);
    engine_.Serve(served);
    if (before != nullptr && before->over_ns != INT64_MAX) change.sessions += before->load.sessions;
  }
  for (const std::string& version : leaving) change.sessions += engine_.Unserve(request.name, version);
  return change;
}

// The versions of those that are asked for which are served.
std::vector<std::string> ModelChanges::Served(const Request& request) const {
  std::vector<std::string> versions;
  for (const auto& served : engine_.catalog().models()) {
    const Model& model = *served->model;
    const bool asked = model.name == request.name && (request.version.empty() || model.version == request.version);
    if (asked) versions.push_back(model.version);
  }
  return versions;
}

}  // namespace recurd
