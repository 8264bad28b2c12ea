#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "proto/recurd/v1/recurd.pb.h"
#include "recurd/session.h"

namespace recurd {

// The chunks of a session that may have to be sent again: their numbers, bounded memory, what answers make of them.
//
// The log begins at `base` (a state, or none: the beginning of a sequence) and holds every chunk since: first those
// that are answered, then those that are not. On a connection two positions move through it: what was sent, and whose
// answer is due. A new connection rewinds both. Answers to chunks that were answered before are for nobody.
// No I/O, no clock.   Threads: one at a time.
class ReplayLog {
 public:
  // Of a logged chunk, over and above its inputs and state, in bytes.
  static constexpr size_t kOverheadBytes = 256;

  struct Entry {
    v1::StreamRequest request;  // the chunk, as it is sent
    uint32_t step_count = 0;
    uint64_t round = 0;  // raised by each sequence: what builds on what
    bool answered = false;
    std::optional<size_t> checksum;  // of the outputs that the caller has

    const v1::Chunk& chunk() const { return request.chunk(); }
    size_t cost() const { return Cost(chunk().inputs_size(), chunk().state().values_size()); }
  };

  ReplayLog(size_t limit_bytes, std::optional<v1::State> base);
  // Goes on in the middle of a session that was attached to; nothing has been sent.
  void StartAt(uint64_t next_step, bool must_begin);

  static size_t Cost(size_t input_count, size_t state_count) {
    return kOverheadBytes + sizeof(float) * (input_count + state_count);
  }
  // The largest cost of one chunk: half of the memory, because a checkpoint comes before the other half is full.
  size_t chunk_limit_bytes() const { return limit_bytes_ / 2; }
  bool Fits(size_t cost) const { return used_bytes_ + cost <= limit_bytes_; }
  size_t used_bytes() const { return used_bytes_; }

  // ---- The caller's side.
  // Numbers a chunk and logs it. It begins a sequence where the caller says so, or where the last one ended. Asks for a
  // checkpoint with it before a quarter of the memory is full of chunks without.
  void Add(absl::Span<const float> inputs, uint32_t step_count, const ChunkOptions& options);
  uint64_t next_step() const { return begin_next_ ? 0 : next_step_; }
  size_t unanswered() const { return entries_.size() - answered_; }

  // ---- The connection's side.
  const std::optional<v1::State>& base() const { return base_; }
  // Whether the base and the log are enough to go on elsewhere.
  bool restorable() const;
  // The step that a session which holds exactly what was answered would expect; with restorable() false.
  uint64_t first_step() const { return entries_.empty() ? next_step() : entries_.front().chunk().first_step(); }

  // A new connection: everything is to be sent, from the base on.
  void Rewind() { sent_ = due_ = skip_ = 0; }
  bool has_unsent() const { return sent_ < entries_.size(); }
  const v1::StreamRequest& TakeUnsent() { return entries_[sent_++].request; }
  // The chunk that the next answer is for; null if none is due.
  const Entry* due() const { return due_ < sent_ ? &entries_[due_] : nullptr; }

  // The due chunk was applied.
  void Answer(std::optional<size_t> checksum);
  // The due chunk was refused. Takes it out, and those built on it, which are refused as well; returns them.
  std::vector<Entry> Refuse();
  // Whether a refusal belongs to a chunk that Refuse() has given up already; counts it.
  bool SkipRefusal();
  // Takes `state` for the new base, and drops the chunks before it, if it stands behind one of their answers.
  void Checkpoint(v1::State state);

 private:
  void Drop(size_t count, std::optional<v1::State> base);

  const size_t limit_bytes_;
  std::optional<v1::State> base_;
  std::deque<Entry> entries_;
  size_t used_bytes_ = 0;
  size_t unmarked_bytes_ = 0;  // since a checkpoint was asked for
  size_t sent_ = 0;
  size_t due_ = 0;
  size_t answered_ = 0;
  size_t skip_ = 0;
  uint64_t next_step_ = 0;
  bool begin_next_;
  bool mid_sequence_ = false;  // began in the middle, and no state of it has come yet
  uint64_t round_ = 0;
};

}  // namespace recurd
