#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/base/clock.h"
#include "server/engine/engine.h"
#include "server/rpc/kserve_parameters.h"
#include "server/session/tombstones.h"

namespace recurd::kserve {

class Sequence;

// Whose sequence of which model. Identity: the client's authenticated one, or empty.
struct SequenceName {
  absl::string_view identity, model;
  SequenceId id;
};

// Some steps on their way through a sequence. Kept alive by its owner until OnDone.
class SequenceRequest : public Chunk {
 public:
  virtual ~SequenceRequest() = default;

  bool last_only = false;  // only the last step's outputs are wanted; whole sequences are then spared the others

  // Room for `count` floats, good until OnDone.
  virtual float* OutputRoom(int count) = 0;
  // Applied, or refused (refusal; with kSessionOver end_reason and end_detail say how the sequence ended). In the order
  // of a sequence's requests; must not call the table back.
  virtual void OnDone() = 0;

  EndReason end_reason = EndReason::kUnspecified;
  const char* end_detail = "";

 private:
  friend class Sequence;
  friend class SequenceTable;
  Sequence* sequence_ = nullptr;  // while it is in the engine
};

// The live sequences by name, each of which is a session of the engine.
//
//   START   opens a session, and the name means it from here on. A session that the name meant until now ends once the
//           first chunk of the new one has been applied; if that is refused instead, the name means the old one again.
//   END     the name is free once the chunk has been applied.
//   neither START nor a live sequence: refused, and a tombstone may say how it ended.
//
// No sequence belongs to a call. A request without a name is a session for itself.
// Threads: serving thread only. A step of a live sequence allocates nothing here.
class SequenceTable {
 public:
  struct Ending {
    EndReason reason = EndReason::kUnspecified;
    uint64_t step_count = 0;
    int64_t when_ns = 0;
  };

  SequenceTable(Engine& engine, const Clock& clock);
  ~SequenceTable();
  SequenceTable(const SequenceTable&) = delete;

  // What the name means; null: nothing that lives. Good until the next call of the table or the engine.
  Sequence* Find(const SequenceName& name);
  // Why a step was refused with kNotStarted.
  std::string NotStartedText(const SequenceName& name);

  // Submits the request, with its inputs and times filled in, as the first of a new sequence, or as a whole one
  // (name.id.none()). OnDone follows, or comes within.
  // before: with a whole one, others of the same length that are computed first, one by one, and have their OnDone
  // before it. If the first of them isn't admitted, neither is the rest: then only the request has its OnDone besides.
  void Start(const SequenceName& name, std::shared_ptr<ServedModel> served, bool end, SequenceRequest* request,
             absl::Span<SequenceRequest* const> before = {});
  // The same for the next steps of a sequence.
  void Continue(Sequence* sequence, bool end, SequenceRequest* request);
  // Nobody waits for the request any more: if it is a whole sequence, it ends.
  void Abandon(SequenceRequest* request);

  // Ends what has nothing more to do. To be called now and then from outside the engine's callbacks.
  void Settle();

 private:
  friend class Sequence;

  void Submit(Sequence* sequence, SequenceRequest* request);
  void AfterChunk(Sequence* sequence, const Chunk& chunk);
  void Forget(Sequence* sequence);
  void Retire(Sequence* sequence, EndReason reason);
  void RetireOlder(Sequence* sequence);
  void Remember(const Sequence& sequence, EndReason reason, uint64_t step_count);
  const std::string& KeyOf(const SequenceName& name);

  Engine& engine_;
  const Clock& clock_;
  std::string key_;  // KeyOf's
  absl::flat_hash_map<std::string, Sequence*> live_;
  std::list<Sequence> sequences_;
  std::vector<Sequence*> leaving_;
  Tombstones<uint64_t, Ending> tombstones_;  // by the hash of a key
};

// One sequence: the client of its session. Made and destroyed by the table.
class Sequence final : public SessionClient {
 public:
  Sequence(SequenceTable* table, std::string key, std::shared_ptr<ServedModel> served)
      : table_(table), key_(std::move(key)), served_(std::move(served)) {}

  const std::shared_ptr<ServedModel>& served() const { return served_; }
  // What the next request's first step is.
  uint64_t next_step() const { return session_->admitted_step; }
  // A request with END is under way: no step may follow.
  bool ending() const { return ending_; }

  // SessionClient
  float* OutputRoom(Chunk& chunk, int count) override;
  void OnCheckpoint(Chunk&, StateImage) override {}
  void OnChunkDone(Chunk& chunk) override;
  void OnEnded(EndReason reason, const char* detail, uint64_t next_step, std::optional<StateImage> last) override;

 private:
  friend class SequenceTable;

  SequenceTable* const table_;
  const std::string key_;  // empty: a whole sequence, without a name
  const std::shared_ptr<ServedModel> served_;
  ServedSession* session_ = nullptr;
  Sequence* older_ = nullptr;  // what the name meant before, until this one has begun
  bool ending_ = false;
  bool leaving_ = false;
  EndReason leave_reason_ = EndReason::kUnspecified;
  int pending_ = 0;  // requests in the engine
  ChunkQueue over_;  // requests that the session's end has refused
  std::list<Sequence>::iterator self_;
};

}  // namespace recurd::kserve
