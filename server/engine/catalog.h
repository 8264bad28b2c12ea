#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/metrics.h"
#include "server/model/model.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// What a model's sessions use of the pipeline (capacity.h).
struct ModelLoad {
  int64_t ran_ns = 0;  // since the last update
  double used = 0;
  int sessions = 0;
};

// A model that is being served: prepared for the pipeline, with its counters. Sessions hold it by shared_ptr.
struct ServedModel {
  std::shared_ptr<const Model> model;
  std::unique_ptr<PreparedModel> prepared;
  std::shared_ptr<ModelMetrics> metrics;
  // The same for the pipeline that stands in while the first is down; null where there is none.
  std::unique_ptr<PreparedModel> fallback;
  std::shared_ptr<ModelMetrics> fallback_metrics;
  ModelLoad load;
  // When its sessions must have ended; never, while it is served.
  int64_t over_ns = INT64_MAX;

  PreparedModel& On(bool the_fallback) const { return the_fallback ? *fallback : *prepared; }
  ModelMetrics& MetricsOn(bool the_fallback) const { return the_fallback ? *fallback_metrics : *metrics; }
};

// What is known of a model without it.
struct ModelSummary {
  std::string name, version, fingerprint;
  std::optional<Placement> placement;  // on an array
};

// The models being served. Filled before the serving thread starts, then owned by it; changes reach it by mailbox
// (model_changes.h).
class Catalog {
 public:
  // Adds a model, in place of one with the same name and version.
  void Put(std::shared_ptr<ServedModel> served) {
    for (auto& m : models_) {
      if (m->model->name == served->model->name && m->model->version == served->model->version) {
        m = std::move(served);
        return;
      }
    }
    models_.push_back(std::move(served));
  }

  // Takes a model out. Null if there is none.
  std::shared_ptr<ServedModel> Take(const std::string& name, const std::string& version) {
    for (auto it = models_.begin(); it != models_.end(); ++it) {
      if ((*it)->model->name != name || (*it)->model->version != version) continue;
      std::shared_ptr<ServedModel> taken = std::move(*it);
      models_.erase(it);
      return taken;
    }
    return nullptr;
  }

  // The named version, or with version "" the highest. Null if there is none.
  std::shared_ptr<ServedModel> Find(const std::string& name, const std::string& version) const {
    std::shared_ptr<ServedModel> found;
    for (const auto& m : models_) {
      if (m->model->name != name || (!version.empty() && m->model->version != version)) continue;
      if (!found || VersionLess(found->model->version, m->model->version)) found = m;
    }
    return found;
  }

  const std::vector<std::shared_ptr<ServedModel>>& models() const { return models_; }
  std::vector<ModelSummary> Summaries() const;

 private:
  // Versions are decimal numbers without leading zeros.
  static bool VersionLess(const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }

  std::vector<std::shared_ptr<ServedModel>> models_;
};

// Errors: NOT_FOUND naming the model.
absl::StatusOr<std::shared_ptr<ServedModel>> FindModel(const Catalog& catalog, const std::string& name,
                                                       const std::string& version);

}  // namespace recurd
