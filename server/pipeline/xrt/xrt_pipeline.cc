#include "server/pipeline/xrt/xrt_pipeline.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/model/validate.h"
#include "server/pipeline/array/placer.h"
#include "server/pipeline/check.h"
#include "server/pipeline/measure.h"
#include "server/pipeline/program.h"

namespace recurd {
namespace {

absl::StatusOr<const array::MappingEntry*> FindMapping(const std::string& name, hw::Mapping id) {
  for (const array::MappingEntry& mapping : array::Mappings()) {
    if (mapping.id != id) continue;
    if (name == "auto" || name == mapping.name) return &mapping;
    return absl::InvalidArgumentError(absl::StrCat("--mapping=", name, ", but the bitstream on the board has ",
                                                   mapping.name, "; leave the flag out, or give another --xclbin"));
  }
  return absl::InternalError("a placement of no mapping");
}

}  // namespace

absl::StatusOr<std::unique_ptr<XrtPipeline>> XrtPipeline::Make(std::unique_ptr<board::Device> device,
                                                               const std::string& mapping, const Clock& clock,
                                                               const board::BoardOptions& options,
                                                               const hw::Timing& timing) {
  RECURD_ASSIGN_OR_RETURN(auto board, board::Board::Make(std::move(device), clock, options));
  RECURD_ASSIGN_OR_RETURN(const array::MappingEntry* entry, FindMapping(mapping, board->placement().mapping));
  RECURD_ASSIGN_OR_RETURN(Placement placement, array::Emulate(board->placement(), timing));
  placement.mapping = entry->name;
  return std::unique_ptr<XrtPipeline>(new XrtPipeline(std::move(board), *entry, std::move(placement)));
}

XrtPipeline::XrtPipeline(std::unique_ptr<board::Board> board, const array::MappingEntry& mapping, Placement placement)
    : board_(std::move(board)),
      kernels_(BestKernels()),
      mapping_(mapping),
      one_layer_(std::move(placement)),
      weights_(board_->identity().weight_sets, array::ZeroWeights(board_->placement().shape)),
      sets_(board_->identity().weight_sets),
      slots_(hw::kStateSlots),
      job_(board_->row_words(), board_->job_steps()) {}

std::string XrtPipeline::target() const {
  return absl::StrCat(board_->device().name(), " (", board::Describe(board_->identity()), ") and ", kernels_.target);
}

std::string XrtPipeline::numerics_profile() const { return mapping_.ProfileOf(board_->placement().activation); }

absl::StatusOr<std::unique_ptr<PreparedModel>> XrtPipeline::Prepare(std::shared_ptr<const Model> model) {
  RECURD_RETURN_IF_ERROR(ValidateModel(*model));
  RECURD_RETURN_IF_ERROR(array::CheckForArray(*model));
  RECURD_ASSIGN_OR_RETURN(
      auto prepared, board::XrtModel::Make(std::move(model), mapping_, board_->placement(), one_layer_,
                                           board_->times().steady_ns, board_->job_steps(), &last_layer_id_, kernels_));
  if (prepared->program().layer_count() > kMaxLayers) {
    return absl::InvalidArgumentError(absl::StrCat("the model has ", prepared->program().layer_count(),
                                                   " recurrent layers, the limit is ", kMaxLayers,
                                                   "; choose --pipeline=cpu"));
  }
  RECURD_ASSIGN_OR_RETURN(const Accuracy accuracy, CheckMapping(prepared->model()));
  prepared->set_accuracy(accuracy);
  return prepared;
}

absl::StatusOr<Accuracy> XrtPipeline::CheckMapping(const Model& model) const {
  const ActivationForm form = board_->placement().activation;
  Program plain(model, kernels_, [&](const RecurrentOp& op) { return mapping_.make_cell(op, form, kernels_); });
  const auto execute = [&](const Run& run) { plain.Execute(run); };
  RECURD_RETURN_IF_ERROR(CheckAgainstReference(model, form, mapping_.ErrorOf(form), execute));
  return MeasureRunAccuracy(model, execute);
}

void XrtPipeline::Start(const Run& run) {
  run_ = run;
  done_ = 0;
  running_ = true;
  result_ = RunResult{};
  if (lost_) return Fail(true, Fault::kDevice);
  StartPiece();
}

void XrtPipeline::StartPiece() {
  const int width = model().model().input_size;
  const int written = run_.selection.Count(done_) * model().model().output_size;
  piece_ = run_;
  const bool on_board = model().program().layer_count() > 0;
  piece_.steps = on_board ? std::min(run_.steps - done_, board_->job_steps()) : run_.steps;
  piece_.inputs += static_cast<ptrdiff_t>(done_) * width;
  piece_.outputs += written;
  piece_.selection = run_.selection.After(done_);
  if (done_ > 0) {
    piece_.state = run_.next_state;
    piece_.state_key = piece_keys_;
  }
  if (done_ + piece_.steps < run_.steps) piece_.next_state_key = ++piece_keys_;
  layer_ = 0;
  if (on_board) return StartLayer();
  FinishPiece();
}

void XrtPipeline::StartLayer() {
  array::TwoPassProgram& program = model().program();
  program.Collect(layer_, piece_);
  slot_ = slots_.Find(SlotKey(piece_.state_key));
  const absl::StatusOr<int> set = LoadWeights(model().layer(layer_));
  if (!set.ok()) return Fail(false, Fault::kDevice);
  const bool hit = slot_.hit && !reload_due_;
  if (!hit) result_.state_hit = false;
  array::TwoPassCell& cell = program.layer(layer_);
  job_.Begin(board_->driver().NewSequence());
  if (reload_due_) job_.Reload();
  const auto slot = static_cast<uint32_t>(slot_.index);
  if (!hit) job_.Switch(slot, cell.state());
  job_.Run(slot, static_cast<uint32_t>(*set), cell.rows().data(), cell.steps());
  const auto expected_ns = static_cast<int64_t>(board_->times().JobNs(cell.steps(), hit, reload_due_));
  board_->driver().Submit(job_, expected_ns / 8 * 7, expected_ns);
}

absl::StatusOr<int> XrtPipeline::LoadWeights(const board::XrtModel::Layer& layer) {
  const array::Residents::Place set = sets_.Find(layer.id);
  if (!set.hit) {
    ++weight_loads_;
    weights_[set.index] = layer.weights;
    reload_due_ = true;
    if (absl::Status status = board_->WriteWeights(weights_); !status.ok()) {
      sets_.Clear();
      return status;
    }
  }
  sets_.Fill(set.index, layer.id);
  return set.index;
}

bool XrtPipeline::Poll(RunResult* result) {
  if (running_) PollLayer();
  if (running_) return false;
  *result = result_;
  return true;
}

void XrtPipeline::PollLayer() {
  using State = board::Driver::State;
  const State state = board_->driver().Poll(model().program().layer(layer_).states());
  if (state == State::kRunning) return;
  if (state != State::kDone) return Fail(state == State::kLost, board_->driver().fault());
  if (std::exchange(reload_due_, false)) slots_.Clear();
  slots_.Fill(slot_.index, SlotKey(piece_.next_state_key));
  if (++layer_ < model().program().layer_count()) return StartLayer();
  FinishPiece();
}

void XrtPipeline::FinishPiece() {
  model().program().Finish(piece_);
  done_ += piece_.steps;
  if (done_ < run_.steps) return StartPiece();
  result_.modelled_ns = one_layer_.modelled.RunNs(run_.steps, result_.state_hit) * model().program().layer_count();
  running_ = false;
}

// What the slots hold after an abort is not known.
void XrtPipeline::Fail(bool lost, Fault fault) {
  slots_.Clear();
  lost_ = lost;
  result_.outcome = lost ? RunResult::Outcome::kLost : RunResult::Outcome::kFault;
  result_.fault = fault;
  running_ = false;
}

absl::Status XrtPipeline::Repair() {
  slots_.Clear();
  RECURD_RETURN_IF_ERROR(board_->Repair(weights_));
  lost_ = reload_due_ = false;
  return absl::OkStatus();
}

}  // namespace recurd
