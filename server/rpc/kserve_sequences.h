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
#include "server/session/store/sequence_store.h"
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
  // After SequenceTable::Look: with Refusal::kNone it may be that the sequence is live now; else why not.
  virtual void OnLooked(Refusal, std::string) {}

  EndReason end_reason = EndReason::kUnspecified;
  const char* end_detail = "";
  std::optional<uint64_t> restored_step;  // with the first that was applied since the sequence was taken from the store

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
//
// With a store (kserve_kept_sequences.cc), what a sequence goes on from is written there after its first request, once
// every SequenceStoreOptions::interval_ns while it goes on, and when this server lets it go; a sequence that isn't live
// here is looked for there, and taken.
// Threads: serving thread only. A step of a live sequence allocates nothing here.
class SequenceTable {
 public:
  struct Ending {
    EndReason reason = EndReason::kUnspecified;
    uint64_t step_count = 0;
    int64_t when_ns = 0;
  };

  SequenceTable(Engine& engine, const Clock& clock, SequenceStore* store = nullptr);
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

  // What the store is to tell. From outside the engine's callbacks.
  SequenceStore::Listener ListenerFor(std::function<void(std::function<void()>)> post);
  bool has_store() const { return store_ != nullptr; }
  // Looks for a sequence that isn't live here; OnLooked follows, for all who look for one name in their order.
  void Look(const SequenceName& name, SequenceRequest* request);
  // How many have changed since they were last written, and writes `count` of them, the longest changed first, unless
  // the store's queue is full: the number of those that were written.
  size_t changed_count() const { return changed_.size(); }
  size_t KeepChanged(size_t count);

 private:
  struct Search {
    std::string identity, model;
    SequenceStore::Name name;
    std::vector<SequenceRequest*> waiting;
  };
  friend class Sequence;

  void Submit(Sequence* sequence, SequenceRequest* request);
  void AfterChunk(Sequence* sequence, const Chunk& chunk);
  void Forget(Sequence* sequence);
  void Retire(Sequence* sequence, EndReason reason, const std::optional<StateImage>& last = std::nullopt);
  void RetireOlder(Sequence* sequence);
  void Remember(const Sequence& sequence, EndReason reason, uint64_t step_count);
  const std::string& KeyOf(const SequenceName& name);
  SessionOptions OptionsFor(const ServedModel& served, const SequenceRequest* whole = nullptr) const;

  // kserve_kept_sequences.cc
  void List(Sequence* sequence);
  void Unlist(Sequence* sequence);
  void MarkChanged(Sequence* sequence);
  bool Keep(const Sequence& sequence, const StateImage& image, bool free);
  void KeepFirst(Sequence* sequence);
  void LetGo(Sequence* sequence, EndReason reason, const std::optional<StateImage>& last);
  void Renew(const std::string& key);
  void OnFound(const std::string& key, Restore result, std::string version, const std::string& state);
  Refusal OpenKept(const Search& search, const std::string& version, const std::string& state, std::string* why);
  std::vector<Sequence*> Named(const std::string& key);
  void OnAsked(const std::string& key);
  void OnFenced(const std::string& key, uint64_t serial);
  void OnAgain();

  Engine& engine_;
  const Clock& clock_;
  SequenceStore* const store_;
  std::string key_;  // KeyOf's
  absl::flat_hash_map<std::string, Sequence*> live_;
  std::list<Sequence> sequences_;
  std::vector<Sequence*> leaving_;
  Tombstones<uint64_t, Ending> tombstones_;  // by the hash of a key

  // With a store: each named sequence that isn't leaving is in one of the two lists.
  std::list<Sequence*> changed_, unchanged_;
  absl::flat_hash_map<std::string, Search> searches_;
  uint64_t last_serial_ = 0;
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
  // Goes on from the store, and no request has been applied since.
  bool restored() const { return restored_step_.has_value(); }

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

  // With a store.
  SequenceStore::Name name_;
  bool begun_ = false;    // something of it may be in the store, or must be
  bool changed_ = false;  // which list it is in
  bool fenced_ = false;
  std::optional<uint64_t> restored_step_;  // until somebody was told
  std::list<Sequence*>::iterator listed_;
};

}  // namespace recurd::kserve
