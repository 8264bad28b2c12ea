#include "server/pipeline/cpu/cpu_pipeline.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/model/validate.h"
#include "server/numeric/profile.h"
#include "server/pipeline/check.h"
#include "server/pipeline/measure.h"
#include "server/pipeline/program.h"
#include "server/pipeline/sequence_program.h"

namespace recurd {
namespace {

class CpuModel final : public PreparedModel {
 public:
  CpuModel(std::shared_ptr<const Model> model, const Kernels& kernels)
      : model_(std::move(model)),
        form_(model_->activation.value_or(ActivationForm::kExact)),
        program_(model_->streams() ? std::make_unique<Program>(*model_, kernels, MakeCells(kernels)) : nullptr),
        sequence_(model_->streams() ? nullptr
                                    : std::make_unique<SequenceProgram>(*model_, kernels, MakeCells(kernels))),
        step_ns_(MeasureStepNs(*model_, [this](const Run& run) { Execute(run); })),
        accuracy_(MeasureRunAccuracy(*model_, [this](const Run& run) { Execute(run); })) {}

  const Model& model() const override { return *model_; }
  double step_ns() const override { return step_ns_; }
  Accuracy accuracy() const override { return accuracy_; }
  std::string numerics_profile() const override { return ProfileOf(form_, model_->weights); }

  void Execute(const Run& run) { program_ ? program_->Execute(run) : sequence_->Execute(run); }

 private:
  CellFactory MakeCells(const Kernels& kernels) const {
    return
        [&, form = form_](const RecurrentOp& op) { return std::make_unique<PackedRecurrentCell>(op, form, kernels); };
  }

  const std::shared_ptr<const Model> model_;
  const ActivationForm form_;
  const std::unique_ptr<Program> program_;  // of a model that streams; else the other
  const std::unique_ptr<SequenceProgram> sequence_;
  const double step_ns_;
  const Accuracy accuracy_;
};

}  // namespace

std::string CpuPipeline::numerics_profile() const { return kFp32Profile; }

absl::StatusOr<std::unique_ptr<PreparedModel>> CpuPipeline::Prepare(std::shared_ptr<const Model> model) {
  RECURD_RETURN_IF_ERROR(ValidateModel(*model));
  auto prepared = std::make_unique<CpuModel>(model, kernels_);
  RECURD_RETURN_IF_ERROR(CheckAgainstReference(*model, model->activation.value_or(ActivationForm::kExact), kSameBits,
                                               [&](const Run& run) { prepared->Execute(run); }));
  return prepared;
}

void CpuPipeline::Start(const Run& run) { static_cast<CpuModel*>(run.model)->Execute(run); }

bool CpuPipeline::Poll(RunResult* result) {
  *result = RunResult{};
  return true;
}

}  // namespace recurd
