#include "recurd/replay.h"

#include <iterator>
#include <utility>

namespace recurd {

ReplayLog::ReplayLog(size_t limit_bytes, std::optional<v1::State> base)
    : limit_bytes_(limit_bytes),
      base_(std::move(base)),
      next_step_(base_ ? base_->step() : 0),
      begin_next_(!base_.has_value()) {}

void ReplayLog::StartAt(uint64_t next_step, bool must_begin) {
  next_step_ = next_step;
  begin_next_ = must_begin;
  mid_sequence_ = !must_begin;
}

void ReplayLog::Add(absl::Span<const float> inputs, uint32_t step_count, const ChunkOptions& options) {
  const bool begin = options.begin || begin_next_;
  if (begin) ++round_;
  Entry& entry = entries_.emplace_back();
  entry.step_count = step_count;
  entry.round = round_;
  v1::Chunk& chunk = *entry.request.mutable_chunk();
  chunk.set_first_step(begin ? 0 : next_step_);
  chunk.set_begin(begin);
  chunk.set_end(options.end);
  chunk.set_deadline_us(options.deadline_us);
  chunk.set_client_tag(options.client_tag);
  if (begin && options.state != nullptr) *chunk.mutable_state() = *options.state;
  chunk.mutable_inputs()->Assign(inputs.begin(), inputs.end());
  used_bytes_ += entry.cost();
  unmarked_bytes_ += entry.cost();
  const bool needed = unmarked_bytes_ >= limit_bytes_ / 4 || (mid_sequence_ && !begin);
  if (!options.end && (options.checkpoint || needed)) {
    chunk.set_checkpoint(true);
    unmarked_bytes_ = 0;
  }
  next_step_ = chunk.first_step() + step_count;
  begin_next_ = options.end;
}

bool ReplayLog::restorable() const {
  return base_ || !mid_sequence_ || (!entries_.empty() && entries_.front().chunk().begin());
}

void ReplayLog::Answer(std::optional<size_t> checksum) {
  Entry& entry = entries_[due_++];
  if (entry.answered) return;
  entry.answered = true;
  entry.checksum = checksum;
  entry.request.mutable_chunk()->clear_deadline_us();  // applied in time once: sent again, it may take what it takes
  ++answered_;
  const bool begin = entry.chunk().begin();
  if (begin || entry.chunk().end()) mid_sequence_ = false;
  if (entry.chunk().end()) {
    Drop(due_, std::nullopt);
  } else if (begin) {
    Drop(due_ - 1, std::nullopt);
  }
}

std::vector<ReplayLog::Entry> ReplayLog::Refuse() {
  const size_t at = due_;
  const uint64_t round = entries_[at].round;
  const bool begin = entries_[at].chunk().begin();
  size_t last = at + 1;
  while (last < entries_.size() && entries_[last].round == round) ++last;
  const auto begin_of = entries_.begin();
  std::vector<Entry> given_up(std::make_move_iterator(begin_of + static_cast<ptrdiff_t>(at)),
                              std::make_move_iterator(begin_of + static_cast<ptrdiff_t>(last)));
  entries_.erase(begin_of + static_cast<ptrdiff_t>(at), begin_of + static_cast<ptrdiff_t>(last));
  const size_t sent_count = std::min(last, sent_) - at;
  skip_ += sent_count - 1;
  sent_ -= sent_count;
  for (const Entry& entry : given_up) used_bytes_ -= entry.cost();
  unmarked_bytes_ = used_bytes_;  // one of them may have asked for the checkpoint
  if (round == round_) {
    next_step_ = given_up[0].chunk().first_step();
    begin_next_ = begin;
  }
  if (begin) {  // the old sequence is over all the same
    mid_sequence_ = false;
    Drop(at, std::nullopt);
  }
  return given_up;
}

bool ReplayLog::SkipRefusal() {
  if (skip_ == 0) return false;
  --skip_;
  return true;
}

void ReplayLog::Checkpoint(v1::State state) {
  for (size_t count = due_; count > 0; --count) {
    const Entry& entry = entries_[count - 1];
    if (entry.chunk().first_step() + entry.step_count == state.step()) {
      return Drop(count, std::move(state));
    }
  }
}

void ReplayLog::Drop(size_t count, std::optional<v1::State> base) {
  for (size_t i = 0; i < count; ++i) used_bytes_ -= entries_[i].cost();
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(count));
  sent_ -= count;
  due_ -= count;
  answered_ -= count;
  base_ = std::move(base);
}

}  // namespace recurd
