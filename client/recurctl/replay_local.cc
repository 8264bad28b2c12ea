#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/recurctl/replay.h"
#include "recurd/answers.h"
#include "server/base/status_macros.h"
#include "server/model/repository.h"
#include "server/numeric/denormals.h"
#include "server/pipeline/factory.h"

namespace recurd {
namespace {

constexpr int kPieceSteps = 1024;  // bounds the memory of a run

class LocalReplayer final : public Replayer {
 public:
  LocalReplayer(std::unique_ptr<Pipeline> pipeline, std::unique_ptr<PreparedModel> model, const v1::Open& open)
      : pipeline_(std::move(pipeline)),
        model_(std::move(model)),
        selection_(open),
        state_(model_->model().initial_state),
        next_state_(state_.size()) {}

  absl::Status Begin(const v1::State& state) {
    if (static_cast<size_t>(state.values_size()) != state_.size()) {
      return absl::FailedPreconditionError(absl::StrCat("the recording begins a sequence from a state of ",
                                                        state.values_size(), " floats; the model has ", state_.size()));
    }
    state_.assign(state.values().begin(), state.values().end());
    step_ = state.step();
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<float>> Run(const v1::Chunk& chunk) override {
    const ScopedFlushToZero flush_to_zero;
    const Model& model = model_->model();
    const int steps = chunk.inputs_size() / model.input_size;
    if (chunk.begin()) {
      state_ = model.initial_state;
      if (chunk.has_state()) RECURD_RETURN_IF_ERROR(Begin(chunk.state()));
      step_ = 0;
    }
    if (chunk.first_step() != step_) {
      return absl::InvalidArgumentError(
          absl::StrCat("the recording goes on at step ", chunk.first_step(), " where step ", step_, " was due"));
    }
    const OutputSelection selection = Select(steps, chunk.end());
    std::vector<float> outputs;
    for (int done = 0; done < steps; done += kPieceSteps) {
      const int piece = std::min(kPieceSteps, steps - done);
      const OutputSelection wanted = selection.After(done);
      const size_t at = outputs.size();
      outputs.resize(at + static_cast<size_t>(wanted.Count(piece)) * static_cast<size_t>(model.output_size));
      RECURD_RETURN_IF_ERROR(RunPiece(chunk.inputs().data() + size_t(done) * size_t(model.input_size), piece, wanted,
                                      outputs.data() + at));
    }
    step_ += static_cast<uint64_t>(steps);
    return outputs;
  }

 private:
  OutputSelection Select(int steps, bool end) const {
    switch (selection_.outputs) {
      case v1::Open::EVERY_STEP:
        return OutputSelection::Every();
      case v1::Open::EVERY_KTH: {
        const uint64_t stride = std::min<uint64_t>(selection_.stride, 1 << 30);
        return {static_cast<int>(stride - 1 - step_ % stride), static_cast<int>(stride)};
      }
      default:
        return selection_.outputs == v1::Open::LAST_OF_CHUNK || end ? OutputSelection::Last(steps)
                                                                    : OutputSelection::None(steps);
    }
  }

  absl::Status RunPiece(const float* inputs, int steps, const OutputSelection& selection, float* outputs) {
    recurd::Run run;
    run.model = model_.get();
    run.state_key = key_;
    run.next_state_key = ++key_;
    run.state = state_.data();
    run.next_state = next_state_.data();
    run.inputs = inputs;
    run.outputs = outputs;
    run.steps = steps;
    run.selection = selection;
    pipeline_->Start(run);
    RunResult result;
    while (!pipeline_->Poll(&result)) {
    }
    if (result.outcome != RunResult::Outcome::kOk) {
      return absl::InternalError(
          absl::StrCat("the pipeline failed at step ", step_, ": ", kFaultNames[static_cast<size_t>(result.fault)]));
    }
    state_.swap(next_state_);
    return absl::OkStatus();
  }

  const std::unique_ptr<Pipeline> pipeline_;
  const std::unique_ptr<PreparedModel> model_;
  const Selection selection_;
  std::vector<float> state_, next_state_;
  uint64_t step_ = 0;
  uint64_t key_ = 1;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Replayer>> MakeLocalReplayer(const RecordingHeader& header,
                                                            const std::string& model_repository,
                                                            const std::string& pipeline_name,
                                                            const std::string& mapping) {
  RECURD_ASSIGN_OR_RETURN(const ModelRepository repository, ModelRepository::Open(model_repository));
  const std::string& name = header.model.name();
  RECURD_ASSIGN_OR_RETURN(const auto model, repository.Load({name.data(), name.size()}, header.opened.version()));
  if (model->fingerprint != header.model.fingerprint()) {
    return absl::FailedPreconditionError(absl::StrCat("the recording is of a model with fingerprint ",
                                                      header.model.fingerprint(), "; ", model_repository, " has ",
                                                      model->fingerprint, " there: another file"));
  }
  RECURD_ASSIGN_OR_RETURN(auto pipeline, MakePipeline({.pipeline = pipeline_name, .mapping = mapping}));
  RECURD_ASSIGN_OR_RETURN(auto prepared, pipeline->Prepare(model));
  if (prepared->numerics_profile() != header.opened.numerics_profile()) {
    return absl::FailedPreconditionError(absl::StrCat("the recording was computed under numerics profile '",
                                                      header.opened.numerics_profile(), "', --pipeline=", pipeline_name,
                                                      " here computes '", prepared->numerics_profile(),
                                                      "': the last bits may differ; choose another"));
  }
  if (static_cast<uint32_t>(model->input_size) != header.opened.input_size() ||
      static_cast<uint32_t>(model->output_size) != header.opened.output_size()) {
    return absl::FailedPreconditionError("the recording's rows aren't the model's");
  }
  auto replayer = std::make_unique<LocalReplayer>(std::move(pipeline), std::move(prepared), header.open);
  if (header.open.has_state()) RECURD_RETURN_IF_ERROR(replayer->Begin(header.open.state()));
  return std::unique_ptr<Replayer>(std::move(replayer));
}

}  // namespace recurd
