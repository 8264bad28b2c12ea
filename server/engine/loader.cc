#include "server/engine/loader.h"

#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace recurd {
namespace {

std::string NameOf(const Model& model) { return absl::StrCat("model ", model.name, "/", model.version); }

void LogPlacement(const Model& model, const Placement& placement) {
  const ModelledTime& time = placement.modelled;
  LogInfo(absl::StrCat(NameOf(model), " lies on the array by the mapping ", placement.mapping, ", ",
                       placement.tile_count, " tiles; modelled: first step ", static_cast<int64_t>(time.first_ns),
                       " ns, then ", static_cast<int64_t>(time.steady_ns), " ns a step, switch ",
                       static_cast<int64_t>(time.switch_ns), " ns"));
}

void LogModel(const ServedModel& served, const Pipeline& pipeline) {
  const Model& model = *served.model;
  LogInfo(absl::StrCat(NameOf(model), ": ", model.input_size, " in, ", model.output_size, " out, ", model.state_size(),
                       " state, ", model.parameter_count, " parameters, step ",
                       static_cast<int64_t>(served.prepared->step_ns()), " ns measured on ", pipeline.name()));
  if (const Placement* placement = served.prepared->placement()) LogPlacement(model, *placement);
}

}  // namespace

absl::StatusOr<Loader::Models> Loader::LoadAll() const {
  RECURD_ASSIGN_OR_RETURN(const auto models, repository_.LoadAll());
  return Prepare(models);
}

absl::StatusOr<Loader::Models> Loader::Load(const std::string& name, const std::string& version) const {
  if (version.empty()) {
    RECURD_ASSIGN_OR_RETURN(const auto models, repository_.LoadChosen({name.data(), name.size()}));
    return Prepare(models);
  }
  RECURD_ASSIGN_OR_RETURN(auto model, repository_.Load({name.data(), name.size()}, {version.data(), version.size()}));
  return Prepare(std::vector{std::move(model)});
}

// Counted from here on, and for good: therefore after the last thing that can go wrong.
absl::StatusOr<Loader::Models> Loader::Prepare(const std::vector<std::shared_ptr<const Model>>& models) const {
  Models prepared;
  for (const auto& model : models) {
    RECURD_ASSIGN_OR_RETURN(auto served, Prepare(model));
    prepared.push_back(std::move(served));
  }
  for (const auto& served : prepared) {
    served->metrics = Count(*served->model, pipeline_);
    if (fallback_ != nullptr) served->fallback_metrics = Count(*served->model, *fallback_);
    LogModel(*served, pipeline_);
  }
  return prepared;
}

absl::StatusOr<std::shared_ptr<ServedModel>> Loader::Prepare(const std::shared_ptr<const Model>& model) const {
  auto served = std::make_shared<ServedModel>();
  served->model = model;
  RECURD_ASSIGN_OR_RETURN(served->prepared, pipeline_.Prepare(model));
  if (fallback_ != nullptr) {
    RECURD_ASSIGN_OR_RETURN(served->fallback, fallback_->Prepare(model));
  }
  return served;
}

std::shared_ptr<ModelMetrics> Loader::Count(const Model& model, const Pipeline& pipeline) const {
  const int64_t own_ns = model.serving.latency_objective_ns;
  const int64_t objective_ns = own_ns > 0 ? own_ns : objective_ns_;
  auto metrics = metrics_.AddModel(model.name, pipeline.name(), objective_ns);
  if (metrics->chunk.exact_edge_ns() != objective_ns) {
    LogWarning(absl::StrCat(NameOf(model), ": its histograms keep the latency objective of ",
                            metrics->chunk.exact_edge_ns() / 1000, " us that they began with; ", objective_ns / 1000,
                            " us takes a restart"));
  }
  return metrics;
}

}  // namespace recurd
