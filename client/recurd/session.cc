#include "recurd/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "recurd/session_impl.h"

namespace recurd {

absl::Status Session::Impl::Start(const v1::Open& open) {
  connection->Authorize(&context);
  stream = connection->recurrent->Stream(&context);
  *request.mutable_open() = open;
  stream->Write(request);  // a stream that is over already says why when it is read
  request.Clear();
  if (absl::Status status = Read(); !status.ok()) return status;
  if (response.has_refused()) return OnRefused();
  if (response.has_ended()) return OnEnded();
  if (!response.has_opened() || response.opened().input_size() == 0 || response.opened().output_size() == 0) {
    return connection->Error(absl::StatusCode::kInternal,
                             "the answer to Open is none of Opened, Refused and Ended; is it a recurd?");
  }
  opened = response.opened();
  ledger = ChunkLedger(opened.next_step());
  return absl::OkStatus();
}

absl::Status Session::Impl::Over() const {
  std::lock_guard lock(mutex);
  return over;
}

absl::Status Session::Impl::SetOver(absl::Status reason) {
  std::lock_guard lock(mutex);
  return over = std::move(reason);
}

absl::Status Session::Impl::Read() {
  if (absl::Status status = Over(); !status.ok()) return status;
  if (stream->Read(&response)) {
    if (response.has_checkpoint()) {
      std::lock_guard lock(mutex);
      checkpoint = std::move(*response.mutable_checkpoint()->mutable_state());
    }
    return absl::OkStatus();
  }
  finished = true;
  absl::Status status = connection->ToStatus(stream->Finish());
  if (status.ok())
    status = connection->Error(absl::StatusCode::kUnavailable, "the server ended the stream without a reason");
  return SetOver(std::move(status));
}

bool Session::Impl::CheckpointFollows() const {
  std::lock_guard lock(mutex);
  return ledger.checkpoint_follows();
}

// A stream that is over instead says so in the next call.
void Session::Impl::ReadCheckpoint() {
  while (Read().ok() && !response.has_checkpoint()) {
    if (response.has_ended()) OnEnded().IgnoreError();
  }
}

absl::Status Session::Impl::OnRefused() {
  const v1::Refused& refused = response.refused();
  {
    std::lock_guard lock(mutex);
    ledger.Refused(refused.expected_step());
  }
  return RefusedStatus(connection->address, refused);
}

absl::Status Session::Impl::OnEnded() { return SetOver(EndedStatus(connection->address, response.ended())); }

absl::Status Session::Impl::CheckOutputs() {
  const v1::Outputs& outputs = response.outputs();
  std::lock_guard lock(mutex);
  if (!ledger.Applied(outputs.first_step(), outputs.step_count()) ||
      outputs.outputs_size() % opened.output_size() != 0) {
    return connection->Error(absl::StatusCode::kInternal,
                             absl::StrCat("the answer for ", outputs.step_count(), " steps from ", outputs.first_step(),
                                          " with ", outputs.outputs_size(), " floats fits no chunk that was sent"));
  }
  return absl::OkStatus();
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

Session::~Session() {
  if (impl_ == nullptr || impl_->finished) return;
  impl_->context.TryCancel();
  impl_->stream->Finish();
}

const v1::Opened& Session::opened() const { return impl_->opened; }

absl::StatusOr<std::vector<float>> Session::Step(absl::Span<const float> inputs) {
  if (inputs.size() != opened().input_size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a step takes ", opened().input_size(), " floats, not ", inputs.size()));
  }
  absl::StatusOr<v1::Outputs> outputs = Run(inputs);
  if (!outputs.ok()) return outputs.status();
  return std::vector<float>(outputs->outputs().begin(), outputs->outputs().end());
}

absl::StatusOr<v1::Outputs> Session::Run(absl::Span<const float> inputs, const ChunkOptions& options) {
  if (absl::Status status = impl_->Over(); !status.ok()) return status;
  if (outstanding() > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(outstanding(), " chunks were sent and not received: call Receive for each before Run or Step"));
  }
  absl::Status sent = Send(inputs, options);
  if (!sent.ok() && !absl::IsUnavailable(sent)) return sent;
  return Receive();
}

absl::Status Session::Send(absl::Span<const float> inputs, const ChunkOptions& options) {
  if (absl::Status status = impl_->Over(); !status.ok()) return status;
  const size_t state_count = options.state == nullptr ? 0 : options.state->values_size();
  if (absl::Status status = CheckChunk(opened(), inputs.size(), state_count); !status.ok()) return status;
  const size_t steps = inputs.size() / opened().input_size();
  v1::Chunk& chunk = *impl_->request.mutable_chunk();
  {
    std::lock_guard lock(impl_->mutex);
    const ChunkLedger::Entry entry =
        impl_->ledger.Push(static_cast<uint32_t>(steps), options.begin, options.end, options.checkpoint);
    chunk.set_first_step(entry.first_step);
    chunk.set_begin(entry.begin);
  }
  chunk.set_end(options.end);
  chunk.set_deadline_us(options.deadline_us);
  chunk.set_client_tag(options.client_tag);
  chunk.set_checkpoint(options.checkpoint);
  chunk.clear_state();
  if (chunk.begin() && options.state != nullptr) *chunk.mutable_state() = *options.state;
  chunk.mutable_inputs()->Assign(inputs.begin(), inputs.end());
  if (impl_->stream->Write(impl_->request)) return absl::OkStatus();
  return impl_->connection->Error(absl::StatusCode::kUnavailable, "the stream is over; Receive says why");
}

absl::StatusOr<v1::Outputs> Session::Receive() {
  for (;;) {
    if (absl::Status status = impl_->Read(); !status.ok()) return status;
    v1::StreamResponse& response = impl_->response;
    if (response.has_refused()) return impl_->OnRefused();
    if (response.has_ended()) return impl_->OnEnded();
    if (response.has_outputs()) {
      const bool checkpoint_follows = impl_->CheckpointFollows();
      if (absl::Status status = impl_->CheckOutputs(); !status.ok()) return status;
      v1::Outputs outputs = std::move(*response.mutable_outputs());
      if (checkpoint_follows) impl_->ReadCheckpoint();
      return outputs;
    }
  }
}

uint64_t Session::StepOfRow(const v1::Outputs& outputs, int row) const {
  return impl_->selection.StepOfRow(outputs, row);
}

int Session::outstanding() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->ledger.outstanding();
}

uint64_t Session::next_step() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->ledger.next_step();
}

std::optional<v1::State> Session::checkpoint() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->checkpoint;
}

absl::Status Session::Close() {
  if (absl::Status status = impl_->Over(); !status.ok()) return status;
  impl_->request.Clear();
  impl_->request.mutable_close();
  impl_->stream->WriteLast(impl_->request, grpc::WriteOptions());
  for (;;) {
    if (absl::Status status = impl_->Read(); !status.ok()) return status;
    if (!impl_->response.has_ended()) continue;
    const absl::Status status = impl_->OnEnded();
    if (impl_->response.ended().reason() != v1::Ended::CLOSED) return status;
    while (impl_->stream->Read(&impl_->response)) {
    }
    impl_->stream->Finish();
    impl_->finished = true;
    return absl::OkStatus();
  }
}

void Session::Cancel() { impl_->context.TryCancel(); }

}  // namespace recurd
