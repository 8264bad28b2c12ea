#include "recurd/resume.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace recurd {
namespace {

using Code = absl::StatusCode;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kSteadyNs = 10 * kSecondNs;  // a connection that held for so long ends an outage, even if it was idle
constexpr int64_t kOpenNs = 5 * kSecondNs;     // for one attempt to open
constexpr int64_t kLeaveNs = kSecondNs;        // for the last checkpoint of a server that goes away

// What another attempt at the same server can't mend: asked to open, it is left out; later on, the session is over.
bool IsPermanent(Code code) {
  switch (code) {
    case Code::kNotFound:
    case Code::kFailedPrecondition:
    case Code::kInvalidArgument:
    case Code::kUnimplemented:
    case Code::kOutOfRange:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return true;
    default:
      return false;
  }
}

// TAKEN_OVER, CLOSED and FAILED are meant for the caller, and so is EVICTED: a session that is attached is evicted by
// an operator only.
bool IsResumable(v1::Ended::Reason reason) {
  return reason == v1::Ended::DRAINED || reason == v1::Ended::RESTARTED || reason == v1::Ended::EXPIRED ||
         reason == v1::Ended::MODEL_UNLOADED;
}

size_t ChecksumOf(const v1::Outputs& outputs) {
  const auto& values = outputs.outputs();
  const absl::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return absl::Hash<absl::string_view>()(bytes);
}

std::optional<v1::State> BaseOf(const v1::Open& open) {
  return open.has_state() ? std::optional<v1::State>(open.state()) : std::nullopt;
}

}  // namespace

Resume::Resume(const v1::Open& open, const Limits& limits, ServerList servers)
    : open_(open),
      limits_(limits),
      selection_(open),
      servers_(std::move(servers)),
      log_(limits.replay_bytes, BaseOf(open)) {
  close_.mutable_close();
}

// ---- the caller's side

absl::StatusOr<v1::Outputs> Resume::TakeAnswer() {
  absl::StatusOr<v1::Outputs> answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

absl::Status Resume::Check(absl::Span<const float> inputs, const ChunkOptions& options) const {
  const size_t state_count = options.state == nullptr ? 0 : options.state->values_size();
  if (absl::Status status = CheckChunk(opened_, inputs.size(), state_count); !status.ok()) return status;
  const size_t cost = ReplayLog::Cost(inputs.size(), state_count);
  if (cost > log_.chunk_limit_bytes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a chunk of ", cost, " bytes is more than half of the replay memory, which is limited to ",
                     limits_.replay_bytes, " bytes (replay_bytes): send it in pieces, or raise the limit"));
  }
  return absl::OkStatus();
}

bool Resume::HasRoom(size_t cost) const {
  return outstanding() < std::max(1u, opened_.max_chunks_ahead()) && log_.Fits(cost);
}

void Resume::Add(absl::Span<const float> inputs, const ChunkOptions& options) {
  log_.Add(inputs, static_cast<uint32_t>(inputs.size() / opened_.input_size()), options);
}

void Resume::Close() {
  closing_ = true;
  if (phase_ != Phase::kOpen) Cancel();
}

void Resume::Cancel() { Fail(absl::CancelledError("the session was closed by its caller")); }

// ---- connecting

std::optional<ServerList::Attempt> Resume::Plan(int64_t now_ns) {
  if (!has_opened()) servers_.Begin(now_ns, limits_.connect_timeout_ns);
  absl::StatusOr<ServerList::Attempt> attempt = servers_.Plan(now_ns);
  if (attempt.ok()) return *std::move(attempt);
  Fail(attempt.status());
  return std::nullopt;
}

v1::StreamRequest Resume::Connect(const std::string& server, int64_t now_ns) {
  server_ = server;
  phase_ = Phase::kOpening;
  since_ns_ = now_ns;
  retry_after_ns_ = 0;
  dormant_ = false;
  close_sent_ = false;
  log_.Rewind();
  v1::StreamRequest request;
  v1::Open& open = *request.mutable_open() = open_;
  if (!has_opened()) return request;
  open.set_version(opened_.version());
  open.clear_state();
  if (log_.base()) *open.mutable_state() = *log_.base();
  attaching_ = attaches_ && !opened_.session_id().empty();
  open.set_mode(!attaching_ ? v1::Open::CREATE : log_.restorable() ? v1::Open::ATTACH_OR_CREATE : v1::Open::ATTACH);
  open.set_session_id(attaching_ ? opened_.session_id() : "");
  return request;
}

const v1::StreamRequest* Resume::NextRequest(int64_t now_ns) {
  if (phase_ != Phase::kOpen || close_sent_) return nullptr;
  if (log_.has_unsent()) {
    if (log_.due() == nullptr) since_ns_ = now_ns;
    return &log_.TakeUnsent();
  }
  if (!closing_) return nullptr;
  close_sent_ = true;
  return &close_;
}

int64_t Resume::overdue_ns() const {
  if (phase_ == Phase::kOpening) return since_ns_ + kOpenNs;
  if (phase_ == Phase::kLeaving) return since_ns_ + kLeaveNs;
  if (phase_ == Phase::kOpen && log_.due() != nullptr) return since_ns_ + limits_.answer_timeout_ns;
  return std::numeric_limits<int64_t>::max();
}

void Resume::OnOverdue(int64_t now_ns) {
  const double seconds = static_cast<double>(now_ns - since_ns_) / 1e9;
  const char* what = phase_ == Phase::kOpening ? "no session was opened for " : "nothing was heard of it for ";
  OnLost(Code::kUnavailable, absl::StrCat(what, seconds, " s"), now_ns);
}

// ---- what the server says

void Resume::OnResponse(v1::StreamResponse& response, int64_t now_ns) {
  if (phase_ == Phase::kIdle || phase_ == Phase::kOver) return;
  if (phase_ != Phase::kLeaving) since_ns_ = now_ns;
  if (response.has_ended()) {
    OnEnded(response.ended(), now_ns);
  } else if (response.has_checkpoint()) {
    OnCheckpoint(*response.mutable_checkpoint()->mutable_state());
  } else if (phase_ == Phase::kOpening) {
    OnFirst(response, now_ns);
  } else if (phase_ == Phase::kOpen && response.has_outputs()) {
    OnOutputs(*response.mutable_outputs(), now_ns);
  } else if (phase_ == Phase::kOpen && response.has_refused()) {
    OnRefused(response.refused(), now_ns);
  }
}

void Resume::OnFirst(const v1::StreamResponse& response, int64_t now_ns) {
  if (response.has_refused()) return Lose(RefusedStatus(server_, response.refused()), now_ns, false);
  const v1::Opened& opened = response.opened();
  if (!response.has_opened() || opened.input_size() == 0 || opened.output_size() == 0) {
    return OnLost(Code::kFailedPrecondition, "the answer to Open is none of Opened, Refused and Ended; is it a recurd?",
                  now_ns);
  }
  if (const std::string unfit = Unfit(opened); !unfit.empty()) {
    return OnLost(Code::kFailedPrecondition, unfit, now_ns);
  }
  if (has_opened()) {
    ++resumed_count_;
  } else {
    servers_.Settle();
    profile_ = opened.numerics_profile();
    // One that was there before goes on where it stands, also at step 0: its state may be an imported one.
    const bool is_new = opened.next_step() == 0 && opened.epoch() <= 1;
    const bool attached = open_.mode() != v1::Open::CREATE && !open_.has_state();
    if (attached) log_.StartAt(opened.next_step(), opened.must_begin() || is_new);
  }
  opened_ = opened;
  opened_ns_ = now_ns;
  phase_ = Phase::kOpen;
}

std::string Resume::Unfit(const v1::Opened& opened) {
  if (log_.base() && opened.next_step() != log_.base()->step()) {
    return absl::StrCat("it goes on at step ", opened.next_step(), " from a state of step ", log_.base()->step());
  }
  if (!has_opened()) return "";
  if (!log_.restorable() && opened.next_step() != log_.first_step()) {
    return absl::StrCat("the session is at step ", opened.next_step(), ", its client at step ", log_.first_step(),
                        ", and no checkpoint has come since it was attached to: what is between is lost");
  }
  if (opened.version() != opened_.version() || opened.input_size() != opened_.input_size() ||
      opened.output_size() != opened_.output_size() || opened.state_size() != opened_.state_size() ||
      opened.model_fingerprint() != opened_.model_fingerprint()) {
    return absl::StrCat("model '", open_.model(), "' version ", opened.version(), " there (", opened.input_size(),
                        " in, ", opened.output_size(), " out, fingerprint '", opened.model_fingerprint(),
                        "') is not the one that the session began with (version ", opened_.version(), ", fingerprint '",
                        opened_.model_fingerprint(), "')");
  }
  return ChangesProfile(opened.numerics_profile()) ? OtherProfile(opened.numerics_profile()) : "";
}

void Resume::OnOutputs(v1::Outputs& outputs, int64_t now_ns) {
  const ReplayLog::Entry* due = log_.due();
  const uint64_t width = opened_.output_size();
  if (due == nullptr || outputs.first_step() != due->chunk().first_step() || outputs.step_count() != due->step_count ||
      static_cast<uint64_t>(outputs.outputs_size()) !=
          width * selection_.RowCount(outputs.first_step(), outputs.step_count(), due->chunk().end())) {
    return OnLost(Code::kInternal,
                  absl::StrCat("the answer for ", outputs.step_count(), " steps from ", outputs.first_step(), " with ",
                               outputs.outputs_size(), " floats fits no chunk that was sent"),
                  now_ns);
  }
  const std::string& profile = outputs.numerics_profile();
  if (!profile.empty() && ChangesProfile(profile)) {
    return Lose(Error(Code::kFailedPrecondition, OtherProfile(profile)), now_ns, true);
  }
  const std::optional<size_t> checksum = comparable_ ? std::optional<size_t>(ChecksumOf(outputs)) : std::nullopt;
  if (!due->answered) {
    servers_.Settle();
    answers_.emplace_back(std::move(outputs));
    checkpoint_due_ = due->chunk().checkpoint();
  } else if (checksum && due->checksum && *checksum != *due->checksum) {
    return Fail(Error(Code::kDataLoss, absl::StrCat(due->step_count, " steps from ", due->chunk().first_step(),
                                                    " gave other bits when they were replayed under the same numerics "
                                                    "profile: nothing can be said of what follows")));
  }
  log_.Answer(checksum);
}

bool Resume::ChangesProfile(const std::string& profile) {
  if (profile == profile_) return false;
  if (open_.allow_profile_change()) comparable_ = false;
  return !open_.allow_profile_change();
}

std::string Resume::OtherProfile(const std::string& profile) const {
  return absl::StrCat("it computes under numerics profile '", profile, "', the session began under '", profile_,
                      "': set allow_profile_change to accept outputs that may differ in their last bits");
}

void Resume::OnRefused(const v1::Refused& refused, int64_t now_ns) {
  if (log_.SkipRefusal()) return;
  const ReplayLog::Entry* due = log_.due();
  if (refused.code() == static_cast<int>(Code::kUnavailable)) {
    retry_after_ns_ = int64_t{refused.retry_after_ms()} * 1'000'000;
    last_loss_ = RefusedStatus(server_, refused);
    if (retry_after_ns_ > 0) return Lose(last_loss_, now_ns, false);  // the server stays, and has said all
    phase_ = Phase::kLeaving;
    since_ns_ = now_ns;
  } else if (due == nullptr || refused.first_step() != due->chunk().first_step() ||
             refused.code() == static_cast<int>(Code::kAborted)) {
    OnLost(Code::kAborted, absl::StrCat("steps are counted apart: ", refused.message()), now_ns);
  } else if (due->answered) {  // Ended follows if the session is over
    last_loss_ = Error(Code::kFailedPrecondition, absl::StrCat("it refuses a replayed chunk: ", refused.message()));
    leaving_unfit_ = true;
    phase_ = Phase::kLeaving;
    since_ns_ = now_ns;
  } else {
    servers_.Settle();
    GiveUp(refused);
  }
}

// The caller is told, for the chunk itself and for each that was built on it.
void Resume::GiveUp(const v1::Refused& refused) {
  checkpoint_due_ = false;
  v1::Refused next = refused;
  for (const ReplayLog::Entry& entry : log_.Refuse()) {
    next.set_first_step(entry.chunk().first_step());
    next.set_client_tag(entry.chunk().client_tag());
    answers_.emplace_back(RefusedStatus(server_, next));
    next.set_code(static_cast<int>(Code::kAborted));
    next.set_message(absl::StrCat("it builds on a chunk that was refused: ", refused.message()));
  }
}

void Resume::OnCheckpoint(v1::State& state) {
  checkpoint_due_ = false;
  if (has_opened() && static_cast<uint32_t>(state.values_size()) == opened_.state_size()) {
    log_.Checkpoint(std::move(state));
  }
}

void Resume::OnEnded(const v1::Ended& ended, int64_t now_ns) {
  absl::Status status = EndedStatus(server_, ended);
  if (!IsResumable(ended.reason())) return Fail(std::move(status));
  dormant_ = ended.reason() == v1::Ended::EXPIRED;
  Lose(std::move(status), now_ns, ended.reason() == v1::Ended::MODEL_UNLOADED);
}

// ---- ends

void Resume::Lose(absl::Status why, int64_t now_ns, bool unfit) {
  if (phase_ == Phase::kIdle || phase_ == Phase::kOver) return;
  checkpoint_due_ = false;
  if (closing_) return Cancel();
  const bool opening = phase_ == Phase::kOpening;
  const bool leaving = phase_ == Phase::kLeaving;
  phase_ = Phase::kIdle;
  if (leaving) why = last_loss_;
  if (std::exchange(leaving_unfit_, false)) unfit = true;
  if (opening && attaching_ && why.code() == Code::kUnimplemented) {
    attaches_ = false;  // it creates sessions only
    return;
  }
  const bool permanent = IsPermanent(why.code());
  if (!opening && !unfit && (permanent || why.code() == Code::kResourceExhausted)) {
    return Fail(std::move(why));
  }
  if (!opening && now_ns - opened_ns_ > kSteadyNs) servers_.Settle();
  if (has_opened()) {
    servers_.Begin(now_ns, limits_.resume_timeout_ns);
    if (!opening) last_loss_ = why;
  }
  servers_.Failed(std::move(why), now_ns, unfit || (opening && permanent), retry_after_ns_);
}

void Resume::Fail(absl::Status why) {
  checkpoint_due_ = false;
  if (phase_ == Phase::kOver) return;
  phase_ = Phase::kOver;
  failure_ = std::move(why);
}

}  // namespace recurd
