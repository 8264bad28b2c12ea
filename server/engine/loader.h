#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/catalog.h"
#include "server/engine/metrics.h"
#include "server/model/repository.h"
#include "server/pipeline/pipeline.h"

namespace recurd {

// Brings models from the repository to where they can be served: read, built, warmed, and compared with the plain
// reference by each pipeline. All of what is asked for, or nothing.
// Threads: the admin thread. Errors: the repository's and the pipelines', naming the file or the model.
class Loader {
 public:
  using Models = std::vector<std::shared_ptr<ServedModel>>;

  // fallback: a second pipeline to prepare each model for; null: none. objective_ns: of models that have none of their
  // own. All must outlive the loader.
  Loader(ModelRepository repository, Pipeline& pipeline, Pipeline* fallback, Metrics& metrics, int64_t objective_ns)
      : repository_(std::move(repository)),
        pipeline_(pipeline),
        fallback_(fallback),
        metrics_(metrics),
        objective_ns_(objective_ns) {}

  // All models of the repository.
  absl::StatusOr<Models> LoadAll() const;
  // One version, or with "" those that the model's version policy chooses, newest first. Both words may come from a
  // client.
  absl::StatusOr<Models> Load(const std::string& name, const std::string& version) const;

 private:
  absl::StatusOr<Models> Prepare(const std::vector<std::shared_ptr<const Model>>& models) const;
  absl::StatusOr<std::shared_ptr<ServedModel>> Prepare(const std::shared_ptr<const Model>& model) const;
  std::shared_ptr<ModelMetrics> Count(const Model& model, const Pipeline& pipeline) const;

  const ModelRepository repository_;
  Pipeline& pipeline_;
  Pipeline* const fallback_;
  Metrics& metrics_;
  const int64_t objective_ns_;
};

}  // namespace recurd
