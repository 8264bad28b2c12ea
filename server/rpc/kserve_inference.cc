#include "server/rpc/kserve_inference.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/convert.h"
#include "server/rpc/kserve_models.h"

namespace recurd::kserve {

void Inference::Begin(const Server& server, absl::string_view identity, const inference::ModelInferRequest& request,
                      int64_t deadline_ns, inference::ModelInferResponse* response) {
  server_ = &server;
  request_ = &request;
  response_ = response;
  static_cast<Chunk&>(*this) = Chunk();
  received_ns = server.clock.NowNs();
  this->deadline_ns = deadline_ns;
  served_.reset();
  code_ = absl::StatusCode::kOk;
  message_.clear();
  response_->Clear();
  output_rows_.clear();
  earlier_.clear();
  restored_step.reset();
  std::string why;
  const Refusal found = Check(identity, &why);
  if (MayLook(found)) return server.sequences.Look(name_, this);
  if (found != Refusal::kNone) return Refuse(found, std::move(why));
  Submit();
}

// A sequence that isn't live here may be in the store.
bool Inference::MayLook(Refusal found) const {
  return found == Refusal::kNotStarted && live_ == nullptr && server_->sequences.has_store();
}

void Inference::OnLooked(Refusal found, std::string why) {
  if (found == Refusal::kNone) found = Check(name_.identity, &why);
  if (found != Refusal::kNone) return Refuse(found, std::move(why));
  Submit();
}

void Inference::Deny(const absl::Status& why) {
  served_.reset();
  code_ = why.code();
  message_ = std::string(why.message());
}

// ---- the check ----------------------------------------------------------------------------------------------------

Refusal Inference::Check(absl::string_view identity, std::string* why) {
  if (server_->engine.draining()) {
    *why = kStoppingText;
    return Refusal::kDraining;
  }
  Refusal found = ReadParameters(*request_, &parameters_, why);
  if (found != Refusal::kNone) return found;
  name_ = {identity, {request_->model_name().data(), request_->model_name().size()}, parameters_.sequence};
  live_ = server_->sequences.Find(name_);
  if (found = FindServed(why); found != Refusal::kNone) return found;
  if (found = CheckSequence(why); found != Refusal::kNone) return found;
  if (found = CheckStep(why); found != Refusal::kNone) return found;
  const int max_steps = server_->engine.options().max_chunk_steps;
  found = ReadTensors(*request_, *served_->model, max_steps, &tensors_, why);
  if (found == Refusal::kNone && tensors_.batch > 1) found = CheckBatch(why);
  return found == Refusal::kNone ? CheckState(why) : found;
}

// A sequence stays on the version that it was started on.
Refusal Inference::FindServed(std::string* why) {
  const std::string& version = request_->model_version();
  if (live_ != nullptr && !parameters_.start) {
    served_ = live_->served();
    if (version.empty() || version == served_->model->version) return Refusal::kNone;
    *why = absl::StrCat("sequence ", name_.id.ToString(), " to model '", served_->model->name, "' runs on version ",
                        served_->model->version, "; the request names version '", Shown(version), "'");
    return Refusal::kMalformed;
  }
  const Catalog& catalog = server_->engine.catalog();
  served_ = catalog.Find(request_->model_name(), version);
  if (served_) return Refusal::kNone;
  *why = UnknownModelText(catalog, request_->model_name(), version);
  return Refusal::kUnknownModel;
}

Refusal Inference::CheckSequence(std::string* why) const {
  if (!name_.id.none() && !served_->model->streams()) {
    *why = absl::StrCat("inference request for sequence ", name_.id.ToString(), " to model '", served_->model->name,
                        "' can't be served: ", served_->model->whole_sequence_reason,
                        "; send each whole sequence in one request without a sequence_id");
    return Refusal::kWholeSequence;
  }
  if (name_.id.none() || parameters_.start || (live_ != nullptr && !live_->ending())) return Refusal::kNone;
  *why = server_->sequences.NotStartedText(name_);
  return Refusal::kNotStarted;
}

Refusal Inference::CheckStep(std::string* why) const {
  if (!parameters_.first_step) return Refusal::kNone;
  const uint64_t next = live_ == nullptr || parameters_.start ? 0 : live_->next_step();
  if (*parameters_.first_step == next) return Refusal::kNone;
  const bool restored = live_ != nullptr && !parameters_.start && live_->restored();
  *why = absl::StrCat("recurd_first_step is ", *parameters_.first_step, "; the next step of sequence ",
                      name_.id.ToString(), " to model '", served_->model->name, "' is ", next,
                      restored ? ", where its checkpoint was restored from: send again from there" : "");
  return Refusal::kOutOfOrder;
}

Refusal Inference::CheckState(std::string* why) const {
  if (tensors_.state.empty() || parameters_.start || name_.id.none()) return Refusal::kNone;
  *why = absl::StrCat("initial states may be sent with sequence_start or without a sequence_id only; sequence ",
                      name_.id.ToString(), " to model '", served_->model->name, "' is under way");
  return Refusal::kBadState;
}

Refusal Inference::CheckBatch(std::string* why) const {
  if (!name_.id.none()) {
    *why =
        absl::StrCat("a batch of ", tensors_.batch, " sequences to model '", served_->model->name, "' names sequence ",
                     name_.id.ToString(), "; send a batch of one, or whole sequences without a sequence_id");
    return Refusal::kWrongLength;
  }
  const int64_t rows = int64_t{tensors_.batch} * (tensors_.last_only ? 1 : tensors_.steps);
  const int64_t bytes = rows * served_->model->output_size * static_cast<int64_t>(sizeof(float));
  const int64_t limit = server_->engine.options().max_message_bytes;
  if (bytes <= limit) return Refusal::kNone;
  *why = absl::StrCat("a batch of ", tensors_.batch, " sequences of ", tensors_.steps, " steps to model '",
                      served_->model->name, "' has ", bytes, " bytes of outputs; the limit is ", limit,
                      ": send fewer sequences in a request");
  return Refusal::kTooManySteps;
}

// ---- the way through the engine -----------------------------------------------------------------------------------

void Inference::Submit() {
  last_only = tensors_.last_only;
  if (tensors_.batch > 1) return StartBatch();
  inputs = tensors_.rows;
  if (!tensors_.state.empty()) {
    begin_image_.values.swap(tensors_.state);
    begin_state = &begin_image_;
  }
  if (live_ != nullptr && !parameters_.start) {
    server_->sequences.Continue(live_, parameters_.end, this);
  } else {
    server_->sequences.Start(name_, served_, parameters_.end || name_.id.none(), this);
  }
}

void Inference::StartBatch() {
  earlier_.resize(static_cast<size_t>(tensors_.batch) - 1);
  std::vector<SequenceRequest*> before;
  for (Earlier& one : earlier_) {
    one.inference = this;
    one.index = static_cast<int>(before.size());
    one.received_ns = received_ns;
    one.deadline_ns = one.index == 0 ? deadline_ns : kNoDeadline;  // once started, all of it is computed
    Fill(&one, &one.begin_image, one.index);
    before.push_back(&one);
  }
  deadline_ns = kNoDeadline;
  Fill(this, &begin_image_, tensors_.batch - 1);
  server_->sequences.Start(name_, served_, true, this, before);
}

// Gives a sequence of the batch what is its.
void Inference::Fill(SequenceRequest* request, StateImage* image, int index) {
  const auto count = tensors_.rows.size() / static_cast<size_t>(tensors_.batch), at = static_cast<size_t>(index);
  request->inputs = absl::MakeConstSpan(tensors_.rows).subspan(at * count, count);
  if (tensors_.state.empty()) return;
  const auto state = absl::MakeConstSpan(tensors_.state);
  const auto size = state.size() / static_cast<size_t>(tensors_.batch);
  const auto own = state.subspan(at * size, size);
  image->values.assign(own.begin(), own.end());
  request->begin_state = image;
}

// All have room of the same size, in their order.
float* Inference::RoomOf(int index, int count) {
  output_rows_.resize(static_cast<size_t>(tensors_.batch) * static_cast<size_t>(count));
  return output_rows_.data() + static_cast<ptrdiff_t>(index) * count;
}

void Inference::OnDone() {
  if (refusal == Refusal::kNone) {
    FillResponse();
  } else {
    code_ = RefusalCode(refusal);
    message_ = WhyRefused();
  }
  OnAnswered();
}

void Inference::Refuse(Refusal why_not, std::string why) {
  server_->metrics.server.refusals[static_cast<size_t>(why_not)].Add();
  code_ = RefusalCode(why_not);
  message_ = std::move(why);
  OnAnswered();
}

// What the engine has refused.
std::string Inference::WhyRefused() {
  switch (refusal) {
    case Refusal::kDraining:
      return kStoppingText;
    case Refusal::kOutOfOrder:
      return absl::StrCat("a request of sequence ", name_.id.ToString(), " to model '", served_->model->name,
                          "' that came before this one was refused; this one was not applied either");
    case Refusal::kDeadline:
      return "the call's deadline passed before the first step; none was applied";
    case Refusal::kSessionOver:
      if (end_reason == EndReason::kFailed) {
        code_ = absl::StatusCode::kOutOfRange;
        return absl::StrCat("the sequence could not be computed and is over: ", end_detail);
      }
      code_ = end_reason == EndReason::kClosed ? absl::StatusCode::kCancelled : absl::StatusCode::kUnavailable;
      return absl::StrCat("the sequence is over: ", kEndReasonNames[static_cast<size_t>(end_reason)]);
    case Refusal::kPipelineDown:
      return absl::StrCat("the pipeline is being repaired; nothing was applied; try again in ", RetryAfterMs(refusal),
                          " ms");
    default:
      return RefusalText(*this, *served_->model, server_->engine.options());
  }
}

void Inference::FillResponse() {
  const Model& model = *served_->model;
  response_->set_model_name(model.name);
  response_->set_model_version(model.version);
  response_->set_id(request_->id());
  WriteOutputs(model, tensors_, output_rows_, response_);
  if (restored_step) {
    (*response_->mutable_parameters())["recurd_restored_from_step"].set_int64_param(
        static_cast<int64_t>(*restored_step));
  }
  if (on_fallback) {
    (*response_->mutable_parameters())["recurd_fallback"].set_string_param(server_->engine.fallback()->name());
  }
}

// ---- afterwards ---------------------------------------------------------------------------------------------------

void Inference::Encoded() {
  if (!served_) return;
  const auto served = std::move(served_);
  ModelMetrics& metrics = served->MetricsOn(on_fallback);
  metrics.chunks_by_code[static_cast<size_t>(code_)].Add();
  if (code_ != absl::StatusCode::kOk) return;
  const int64_t now_ns = server_->clock.NowNs();
  metrics.stage[static_cast<size_t>(Stage::kEncode)].Record(now_ns - finished_ns);
  metrics.chunk.Record(now_ns - received_ns);
}

// The outputs stand twice: as rows and in the response.
size_t Inference::HeldBytes() const {
  const size_t states = tensors_.state.size() + begin_image_.values.size() * (1 + earlier_.size());
  return (tensors_.rows.size() + states + 2 * output_rows_.size()) * sizeof(float) + earlier_.size() * sizeof(Earlier);
}

void Inference::Shrink() {
  tensors_ = {};
  begin_image_ = {};
  earlier_ = std::vector<Earlier>();
  output_rows_ = std::vector<float>();  // not {}, which would keep the memory
}

}  // namespace recurd::kserve
