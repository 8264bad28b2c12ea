// What a table of sequences does with the store: who is written when, who is looked for, and who must let go.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "server/base/status_macros.h"
#include "server/rpc/convert.h"
#include "server/rpc/kserve_models.h"
#include "server/rpc/kserve_sequences.h"

namespace recurd::kserve {
namespace {

constexpr size_t kMaxSearches = 256;
constexpr size_t kMaxFloatsAtOnce = 64 << 10;  // of states that are sealed between two messages

}  // namespace

// ---- writing ------------------------------------------------------------------------------------------------------

void SequenceTable::List(Sequence* sequence) {
  if (store_ == nullptr) return;
  sequence->name_ = {sequence->key_, ++last_serial_, clock_.NowNs()};
  sequence->listed_ = unchanged_.insert(unchanged_.end(), sequence);
}

void SequenceTable::Unlist(Sequence* sequence) {
  (sequence->changed_ ? changed_ : unchanged_).erase(sequence->listed_);
}

void SequenceTable::MarkChanged(Sequence* sequence) {
  if (sequence->changed_ || sequence->leaving_) return;
  sequence->changed_ = true;
  changed_.splice(changed_.end(), unchanged_, sequence->listed_);
}

bool SequenceTable::Keep(const Sequence& sequence, const StateImage& image, bool free) {
  v1::State state;
  ToProto(image, &state);
  return store_->Keep(sequence.name_,
                      {sequence.served_->model->version, state.SerializeAsString(), /*free=*/free, /*always=*/free});
}

// What was under the name before must not be found in place of this one.
void SequenceTable::KeepFirst(Sequence* sequence) {
  sequence->begun_ = true;
  if (!Keep(*sequence, SealStateBetweenChunks(*sequence->session_), false)) MarkChanged(sequence);
}

size_t SequenceTable::KeepChanged(size_t count) {
  size_t kept = 0, floats = 0;
  for (; kept < count && floats < kMaxFloatsAtOnce && !changed_.empty(); ++kept) {
    Sequence* sequence = changed_.front();
    floats += sequence->served_->model->initial_state.size();
    if (!Keep(*sequence, SealStateBetweenChunks(*sequence->session_), false)) break;
    sequence->changed_ = false;
    unchanged_.splice(unchanged_.end(), changed_, sequence->listed_);
  }
  return kept;
}

// The last that the store hears of a sequence. Where it may go on elsewhere, that is its state.
void SequenceTable::LetGo(Sequence* sequence, EndReason reason, const std::optional<StateImage>& last) {
  if (store_ == nullptr || sequence->key_.empty()) return;
  Unlist(sequence);
  if (!sequence->begun_ || sequence->fenced_) return;
  const bool goes_on =
      reason == EndReason::kDrained || reason == EndReason::kTakenOver || reason == EndReason::kModelUnloaded;
  if (last && goes_on) {
    Keep(*sequence, *last, true);
  } else {
    store_->Erase(sequence->name_);
  }
}

// ---- looking ------------------------------------------------------------------------------------------------------

void SequenceTable::Look(const SequenceName& name, SequenceRequest* request) {
  const std::string& key = KeyOf(name);
  if (searches_.size() >= kMaxSearches && !searches_.contains(key)) {
    return request->OnLooked(Refusal::kStoreUnavailable,
                             absl::StrCat("the sequence isn't live at this server, and ", kMaxSearches,
                                          " others are being looked for in the store of sequences; try again in ",
                                          RetryAfterMs(Refusal::kStoreUnavailable), " ms"));
  }
  const auto [search, is_new] = searches_.try_emplace(key);
  search->second.waiting.push_back(request);
  if (!is_new) return;
  search->second.identity = std::string(name.identity);
  search->second.model = std::string(name.model);
  search->second.name = {key, ++last_serial_, clock_.NowNs()};
  store_->Take(search->second.name, [this, key](Restore result, std::string version, const std::string& state) {
    OnFound(key, result, std::move(version), state);
  });
}

void SequenceTable::OnFound(const std::string& key, Restore result, std::string version, const std::string& state) {
  const auto found = searches_.find(key);
  const Search search = std::move(found->second);
  searches_.erase(found);
  Refusal refusal = Refusal::kNone;
  std::string why;
  if (result == Restore::kUnavailable) {
    refusal = Refusal::kStoreUnavailable;
    why = absl::StrCat("the sequence isn't live at this server, and the store of sequences can't say where it was (",
                       version, "); try again in ", RetryAfterMs(refusal), " ms, or start it anew");
  } else if (live_.contains(key)) {
    if (result == Restore::kRestored) Renew(key);
    result = Restore::kAbsent;
    refusal = Refusal::kNotStarted;
    why = "the sequence was started anew while it was looked for in the store of sequences";
  } else if (result == Restore::kRestored) {
    refusal = OpenKept(search, version, state, &why);
    if (refusal != Refusal::kNone) {
      result = Restore::kUnfit;
      store_->Keep(search.name, {std::move(version), state, /*free=*/true, /*always=*/true});
    }
  }
  store_->metrics().restores[static_cast<size_t>(result)].Add();
  for (SequenceRequest* request : search.waiting) request->OnLooked(refusal, why);
}

// A look that nobody needs any more has become the owner of what a sequence begun meanwhile wrote: that one writes
// again as a later owner, and what it hears of its old name means nothing.
void SequenceTable::Renew(const std::string& key) {
  std::vector<Sequence*> named = Named(key);
  std::reverse(named.begin(), named.end());
  for (Sequence* sequence : named) {
    sequence->name_ = {key, ++last_serial_, clock_.NowNs()};
    if (sequence->begun_) MarkChanged(sequence);
  }
}

// What comes from the store is trusted no more than what comes from a client.
Refusal SequenceTable::OpenKept(const Search& search, const std::string& version, const std::string& bytes,
                                std::string* why) {
  const std::shared_ptr<ServedModel> served = engine_.catalog().Find(search.model, version);
  if (served == nullptr || version.empty()) {
    *why = absl::StrCat("the sequence runs on version '", Shown(version), "', which this server doesn't serve: ",
                        UnknownModelText(engine_.catalog(), search.model, version));
    return Refusal::kUnknownModel;
  }
  v1::State state;
  *why = "what the store of sequences holds under its name is no state";
  if (!state.ParseFromString(bytes)) return Refusal::kBadState;
  const StateImage image = FromProto(state);
  SessionOptions options = OptionsFor(*served);
  options.state = &image;
  options.on_fallback = engine_.BeginsOnFallback(*served, &image, options.allow_profile_change);
  const std::string profile = served->On(options.on_fallback).numerics_profile();
  if (const absl::Status fits = image.Check(*served->model, profile, options.allow_profile_change); !fits.ok()) {
    *why = absl::StrCat("the sequence can't go on here: ", std::string(fits.message()));
    return Refusal::kBadState;
  }
  Sequence* sequence = &sequences_.emplace_back(this, search.name.key, served);
  sequence->self_ = std::prev(sequences_.end());
  Refusal refusal = Refusal::kNone;
  sequence->session_ =
      engine_.Open(served, options, sequence, &refusal, {.kind = SessionKind::kSequence, .identity = search.identity});
  if (sequence->session_ == nullptr) {
    sequences_.pop_back();
    *why = RefusalText(refusal, engine_.options());
    return refusal;
  }
  live_[search.name.key] = sequence;
  List(sequence);
  sequence->name_ = search.name;
  sequence->begun_ = true;
  sequence->restored_step_ = image.step;
  return Refusal::kNone;
}

// ---- letting go ---------------------------------------------------------------------------------------------------

SequenceStore::Listener SequenceTable::ListenerFor(std::function<void(std::function<void()>)> post) {
  return {.post = std::move(post),
          .fenced = [this](const std::string& key, uint64_t serial) { OnFenced(key, serial); },
          .asked = [this](const std::string& key) { OnAsked(key); },
          .again = [this] { OnAgain(); }};
}

// Those under one name, the newest first.
std::vector<Sequence*> SequenceTable::Named(const std::string& key) {
  std::vector<Sequence*> named;
  const auto found = live_.find(key);
  for (Sequence* s = found == live_.end() ? nullptr : found->second; s != nullptr; s = s->older_) named.push_back(s);
  return named;
}

void SequenceTable::OnAsked(const std::string& key) {
  for (Sequence* sequence : Named(key)) {
    if (sequence->session_ == nullptr || !sequence->begun_) continue;
    store_->metrics().handed_over.Add();
    engine_.End(sequence->session_, EndReason::kTakenOver, "another server has asked for it");
  }
  Settle();
}

void SequenceTable::OnFenced(const std::string& key, uint64_t serial) {
  for (Sequence* sequence : Named(key)) {
    if (sequence->name_.serial != serial || sequence->session_ == nullptr) continue;
    sequence->fenced_ = true;
    engine_.End(sequence->session_, EndReason::kTakenOver, "another server has gone on with it");
  }
  Settle();
}

void SequenceTable::OnAgain() {
  for (Sequence& sequence : sequences_) {
    if (sequence.begun_ && !sequence.key_.empty()) MarkChanged(&sequence);
  }
}

}  // namespace recurd::kserve
