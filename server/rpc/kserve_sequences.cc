#include "server/rpc/kserve_sequences.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"

namespace recurd::kserve {
namespace {

void AppendSized(std::string* key, absl::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  key->append(reinterpret_cast<const char*>(&size), sizeof size);
  key->append(text.data(), text.size());
}

uint64_t HashOf(const std::string& key) { return absl::Hash<std::string>()(key); }

std::string HowItEnded(const SequenceTable::Ending& ending, int64_t now_ns, int64_t idle_timeout_ns) {
  const auto ago_s = (now_ns - ending.when_ns) / 1'000'000'000;
  std::string text = absl::StrCat(kEndReasonNames[static_cast<size_t>(ending.reason)], " ", ago_s, " s ago, after ",
                                  ending.step_count, " steps");
  if (ending.reason == EndReason::kExpired) {
    absl::StrAppend(&text, ", having been idle for ", idle_timeout_ns / 1'000'000'000, " s (--session_idle_timeout)");
  }
  return text;
}

bool HasOutputOfEachStep(const Model& model) {
  return std::any_of(model.outputs.begin(), model.outputs.end(),
                     [](const TensorSpec& output) { return output.has_time_axis; });
}

}  // namespace

// ---- a sequence ---------------------------------------------------------------------------------------------------

float* Sequence::OutputRoom(Chunk& chunk, int count) { return static_cast<SequenceRequest&>(chunk).OutputRoom(count); }

void Sequence::OnChunkDone(Chunk& chunk) {
  auto& request = static_cast<SequenceRequest&>(chunk);
  if (chunk.refusal == Refusal::kSessionOver) return over_.Push(&request);  // OnEnded follows and knows why
  --pending_;
  request.sequence_ = nullptr;
  table_->AfterChunk(this, request);
  if (request.refusal == Refusal::kNone) request.restored_step = std::exchange(restored_step_, std::nullopt);
  request.OnDone();
}

void Sequence::OnEnded(EndReason reason, const char* detail, uint64_t next_step, std::optional<StateImage> last) {
  session_ = nullptr;
  // A beginning that was computed and failed has done away with what was before; one that never began has not.
  if (reason == EndReason::kFailed) table_->RetireOlder(this);
  if (!leaving_) {
    table_->Remember(*this, reason, next_step);
    table_->Retire(this, reason, last);
  }
  while (!over_.empty()) {
    auto& request = static_cast<SequenceRequest&>(*over_.Pop());
    --pending_;
    request.sequence_ = nullptr;
    request.end_reason = reason;
    request.end_detail = detail;
    request.OnDone();
  }
}

// ---- the table ----------------------------------------------------------------------------------------------------

SequenceTable::SequenceTable(Engine& engine, const Clock& clock, SequenceStore* store)
    : engine_(engine), clock_(clock), store_(store) {}
SequenceTable::~SequenceTable() = default;

const std::string& SequenceTable::KeyOf(const SequenceName& name) {
  key_.clear();
  AppendSized(&key_, name.identity);
  AppendSized(&key_, name.model);
  key_.push_back(name.id.text.empty() ? 'n' : 't');
  if (name.id.text.empty()) {
    key_.append(reinterpret_cast<const char*>(&name.id.number), sizeof name.id.number);
  } else {
    key_.append(name.id.text.data(), name.id.text.size());
  }
  return key_;
}

Sequence* SequenceTable::Find(const SequenceName& name) {
  if (name.id.none()) return nullptr;
  const auto found = live_.find(KeyOf(name));
  return found == live_.end() ? nullptr : found->second;
}

std::string SequenceTable::NotStartedText(const SequenceName& name) {
  const Ending* ending = tombstones_.Find(HashOf(KeyOf(name)));
  return absl::StrCat("inference request for sequence ", name.id.ToString(), " to model '", Shown(name.model),
                      "' must specify the START flag on the first request of the sequence; ",
                      ending == nullptr
                          ? absl::StrCat("no sequence of that name is known to this server",
                                         store_ == nullptr ? "" : ", nor to the store of sequences")
                          : absl::StrCat("the last one of that name ended: ",
                                         HowItEnded(*ending, clock_.NowNs(), engine_.options().idle_timeout_ns)));
}

void SequenceTable::Start(const SequenceName& name, std::shared_ptr<ServedModel> served, bool end,
                          SequenceRequest* request, absl::Span<SequenceRequest* const> before) {
  Settle();
  Sequence* older = Find(name);  // leaves the key in key_
  const bool whole = name.id.none();
  const SessionOptions options = OptionsFor(*served, whole ? request : nullptr);
  Sequence* sequence = &sequences_.emplace_back(this, whole ? std::string() : key_, std::move(served));
  sequence->self_ = std::prev(sequences_.end());
  sequence->session_ = engine_.Open(sequence->served_, options, sequence, &request->refusal,
                                    {.kind = whole ? SessionKind::kCall : SessionKind::kSequence,
                                     .identity = name.identity,
                                     .replaces = older != nullptr && older->older_ == nullptr});
  if (sequence->session_ == nullptr) {
    sequences_.pop_back();
    return request->OnDone();
  }
  if (!whole) {
    sequence->older_ = older;
    live_[key_] = sequence;
    List(sequence);
  }
  for (SequenceRequest* one : before) {
    one->begin = one->end = one->more = true;
    Submit(sequence, one);
    if (one != before.front() || one->refusal == Refusal::kNone) continue;
    request->refusal = one->refusal;
    return request->OnDone();
  }
  request->begin = true;
  request->first_step = 0;
  request->end = end;
  Submit(sequence, request);
}

SessionOptions SequenceTable::OptionsFor(const ServedModel& served, const SequenceRequest* whole) const {
  SessionOptions options;
  const bool last_only = whole != nullptr ? whole->last_only : !HasOutputOfEachStep(*served.model);
  options.outputs = last_only ? OutputsWanted::kLastOfChunk : OutputsWanted::kEveryStep;
  options.on_fallback = engine_.BeginsOnFallback(served, nullptr, options.allow_profile_change);
  return options;
}

void SequenceTable::Continue(Sequence* sequence, bool end, SequenceRequest* request) {
  request->begin = false;
  request->first_step = sequence->next_step();
  request->end = end;
  Submit(sequence, request);
}

void SequenceTable::Submit(Sequence* sequence, SequenceRequest* request) {
  if (request->end) sequence->ending_ = true;
  ++sequence->pending_;
  request->sequence_ = sequence;
  if (!engine_.Submit(sequence->session_, request)) sequence->OnChunkDone(*request);
}

void SequenceTable::Abandon(SequenceRequest* request) {
  Sequence* sequence = request->sequence_;
  if (sequence == nullptr || !sequence->key_.empty() || sequence->session_ == nullptr) return;
  engine_.End(sequence->session_, EndReason::kClosed);
}

// What a chunk's end means for its sequence and its name.
void SequenceTable::AfterChunk(Sequence* sequence, const Chunk& chunk) {
  if (chunk.refusal != Refusal::kNone) {
    if (chunk.end) sequence->ending_ = false;
    if (chunk.begin) Retire(sequence, EndReason::kClosed);
    return;
  }
  if (chunk.begin) RetireOlder(sequence);
  if (chunk.end) {
    Remember(*sequence, EndReason::kClosed, chunk.first_step + static_cast<uint64_t>(chunk.steps));
    sequence->begun_ = true;
    Retire(sequence, EndReason::kClosed);
  } else if (store_ != nullptr && !sequence->leaving_) {
    sequence->begun_ ? MarkChanged(sequence) : KeepFirst(sequence);
  }
}

// Takes a sequence off its name.
void SequenceTable::Forget(Sequence* sequence) {
  if (sequence->key_.empty()) return;
  const auto found = live_.find(sequence->key_);
  if (found == live_.end()) return;
  if (found->second == sequence) {
    if (sequence->older_ != nullptr) {
      found->second = sequence->older_;
    } else {
      live_.erase(found);
    }
  } else {
    Sequence* newer = found->second;
    while (newer != nullptr && newer->older_ != sequence) newer = newer->older_;
    if (newer != nullptr) newer->older_ = sequence->older_;
  }
  sequence->older_ = nullptr;
}

// The sequence takes nothing more; its session ends when Settle finds that all its requests are done.
void SequenceTable::Retire(Sequence* sequence, EndReason reason, const std::optional<StateImage>& last) {
  if (sequence->leaving_) return;
  Forget(sequence);
  LetGo(sequence, reason, last);
  sequence->leaving_ = true;
  sequence->leave_reason_ = reason;
  leaving_.push_back(sequence);
}

void SequenceTable::RetireOlder(Sequence* sequence) {
  while (sequence->older_ != nullptr) Retire(sequence->older_, EndReason::kRestarted);
}

void SequenceTable::Remember(const Sequence& sequence, EndReason reason, uint64_t step_count) {
  if (!sequence.key_.empty()) tombstones_.Add(HashOf(sequence.key_), {reason, step_count, clock_.NowNs()});
}

void SequenceTable::Settle() {
  if (leaving_.empty()) return;
  std::erase_if(leaving_, [this](Sequence* sequence) {
    if (sequence->pending_ > 0) return false;
    if (sequence->session_ != nullptr) engine_.End(sequence->session_, sequence->leave_reason_);
    sequences_.erase(sequence->self_);
    return true;
  });
}

}  // namespace recurd::kserve
