#include "server/pipeline/sim/sim_pipeline.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/validate.h"
#include "server/pipeline/array/timing_file.h"
#include "server/pipeline/check.h"
#include "server/pipeline/measure.h"
#include "server/pipeline/sim/sim_model.h"

namespace recurd {

absl::StatusOr<std::unique_ptr<SimPipeline>> SimPipeline::Make(const std::string& mapping, bool exact,
                                                               const std::string& timing_file) {
  RECURD_ASSIGN_OR_RETURN(auto mappings, array::FindMappings(mapping));
  RECURD_ASSIGN_OR_RETURN(const hw::Timing timing, array::ReadTiming(timing_file));
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
  RECURD_ASSIGN_OR_RETURN(array::PlacedModel placed, placer_.Place(*model, mappings_));
  // Measured on a model that is thrown away: fibers belong to the thread that runs them first.
  RECURD_ASSIGN_OR_RETURN(const auto rehearsal, sim::SimModel::Make(model, placed, exact_, kernels_, timing_));
  absl::Status status;
  const auto execute = [&](const Run& run) { status.Update(rehearsal->Execute(run, {.index = 0, .hit = false})); };
  const double step_ns = MeasureStepNs(*model, execute);
  const Accuracy accuracy = MeasureRunAccuracy(*model, execute);
  RECURD_RETURN_IF_ERROR(
      CheckAgainstReference(*model, placed.activation, placed.mapping->ErrorOf(placed.activation), execute));
  RECURD_RETURN_IF_ERROR(status);
  RECURD_ASSIGN_OR_RETURN(auto prepared,
                          sim::SimModel::Make(std::move(model), std::move(placed), exact_, kernels_, timing_));
  prepared->set_measured(step_ns, accuracy);
  return prepared;
}

void SimPipeline::Start(const Run& run) {
  auto& model = *static_cast<sim::SimModel*>(run.model);
  const array::Residents::Place slot = slots_.Find(run.state_key);
  if (!model.Execute(run, slot).ok()) {
    slots_.Clear(slot.index);
    result_ = {.outcome = RunResult::Outcome::kFault, .fault = Fault::kInternal, .state_hit = slot.hit};
    return;
  }
  slots_.Fill(slot.index, run.next_state_key);
  result_ = {.state_hit = slot.hit, .modelled_ns = model.placement()->modelled.RunNs(run.steps, slot.hit)};
}

bool SimPipeline::Poll(RunResult* result) {
  *result = result_;
  return true;
}

}  // namespace recurd
