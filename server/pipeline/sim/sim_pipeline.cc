#include "server/pipeline/sim/sim_pipeline.h"

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/validate.h"
#include "server/pipeline/measure.h"
#include "server/pipeline/sim/sim_model.h"

namespace recurd {
namespace {

absl::StatusOr<hw::Timing> ReadTiming(const std::string& path) {
  constexpr size_t kMaxBytes = 65536;
  hw::Timing timing;
  if (path.empty()) return timing;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (!file.eof() && text.size() <= kMaxBytes) {
    return absl::NotFoundError(absl::StrCat("--timing_file=", path, ": can't be read"));
  }
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("--timing_file=", path, ": has more than ", kMaxBytes, " bytes"));
  }
  const std::string wrong = hw::OverrideTiming(text, &timing);
  if (wrong.empty()) return timing;
  return absl::InvalidArgumentError(absl::StrCat("--timing_file=", path, ": ", wrong));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SimPipeline>> SimPipeline::Make(const std::string& mapping, bool exact,
                                                               const std::string& timing_file) {
  RECURD_ASSIGN_OR_RETURN(auto mappings, sim::FindMappings(mapping));
  RECURD_ASSIGN_OR_RETURN(const hw::Timing timing, ReadTiming(timing_file));
  return std::unique_ptr<SimPipeline>(new SimPipeline(std::move(mappings), exact, timing));
}

std::string SimPipeline::target() const {
  return absl::StrCat(exact_ ? "emulated array, exact" : "emulated array", " and ", kernels_.target);
}

std::string SimPipeline::numerics_profile() const {
  return mappings_.size() == 1 ? mappings_.front()->profile : "by each model's mapping";
}

absl::StatusOr<std::unique_ptr<PreparedModel>> SimPipeline::Prepare(std::shared_ptr<const Model> model) {
  RECURD_RETURN_IF_ERROR(ValidateModel(*model));
  RECURD_ASSIGN_OR_RETURN(sim::PlacedModel placed, placer_.Place(*model, mappings_));
  // Measured on a model that is thrown away: fibers belong to the thread that runs them first.
  RECURD_ASSIGN_OR_RETURN(const auto rehearsal, sim::SimModel::Make(model, placed, exact_, kernels_, timing_));
  absl::Status status;
  const double step_ns =
      MeasureStepNs(*model, [&](const Run& run) { status.Update(rehearsal->Execute(run, {.slot = 0, .hit = false})); });
  RECURD_RETURN_IF_ERROR(status);
  RECURD_ASSIGN_OR_RETURN(auto prepared,
                          sim::SimModel::Make(std::move(model), std::move(placed), exact_, kernels_, timing_));
  prepared->set_step_ns(step_ns);
  return prepared;
}

void SimPipeline::Start(const Run& run) {
  auto& model = *static_cast<sim::SimModel*>(run.model);
  const sim::StateSlots::Place place = slots_.Find(run.state_key);
  if (!model.Execute(run, place).ok()) {
    slots_.Clear(place.slot);
    result_ = {.outcome = RunResult::Outcome::kFault, .state_hit = place.hit};
    return;
  }
  slots_.Fill(place.slot, run.next_state_key);
  result_ = {.state_hit = place.hit, .modelled_ns = model.placement()->modelled.RunNs(run.steps, place.hit)};
}

bool SimPipeline::Poll(RunResult* result) {
  *result = result_;
  return true;
}

}  // namespace recurd
