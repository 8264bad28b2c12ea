// Models that come and go while sessions run. A session holds its model, so it finishes on the version that it began
// on; the last one to end frees what is served no longer.
#include <utility>

#include "server/engine/engine.h"

namespace recurd {
namespace {

bool Same(const Model& a, const Model& b) {
  return a.fingerprint == b.fingerprint && a.activation == b.activation && a.weights == b.weights &&
         a.serving == b.serving;
}

}  // namespace

void Engine::Serve(std::shared_ptr<ServedModel> served) {
  const auto before = catalog_.Find(served->model->name, served->model->version);
  if (before != nullptr && Same(*before->model, *served->model)) return;
  if (before != nullptr) Retire(before);
  catalog_.Put(std::move(served));
}

int Engine::Unserve(const std::string& name, const std::string& version) {
  const auto taken = catalog_.Take(name, version);
  if (taken == nullptr) return -1;
  Retire(taken);
  return taken->load.sessions;
}

void Engine::Retire(const std::shared_ptr<ServedModel>& served) {
  served->over_ns = clock_.NowNs() + options_.reload_grace_ns;
  retired_.push_back(served);
}

// What is served no longer still uses the pipeline while it has sessions.
void Engine::MeasureLoad() {
  std::erase_if(retired_, [](const std::weak_ptr<ServedModel>& model) { return model.expired(); });
  if (retired_.empty()) {
    capacity_.Update(catalog_.models(), clock_.NowNs());
  } else {
    auto models = catalog_.models();
    for (const auto& model : retired_) models.push_back(model.lock());
    capacity_.Update(models, clock_.NowNs());
  }
  metrics_.server.capacity_used_ppm.Set(static_cast<int64_t>(capacity_.used() * 1e6));
}

}  // namespace recurd
