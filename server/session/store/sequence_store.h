#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/base/store_metrics.h"
#include "server/session/store/redis_address.h"
#include "server/session/store/redis_link.h"
#include "server/session/store/sequence_records.h"

namespace recurd {

struct SequenceStoreOptions {
  RedisAddress address;
  std::string password;                 // "": none
  int64_t interval_ns = 1'000'000'000;  // how old a sequence's checkpoint may get; the store itself doesn't look at it
  int64_t ttl_ns = 600'000'000'000;     // what is written is gone after
};

// Checkpoints of sequences in Redis, from which another replica goes on (sequence_records.h has how they lie there). It
// has a thread of its own, which alone waits for Redis; callers only leave something for it. While Redis can't be
// reached, checkpoints are given up and looks fail; it is tried again at once, then after 0.1 to 5 s.
// Threads: Keep, Erase and Take the serving one, between its steps: they allocate and take a lock, held for moments.
class SequenceStore {
 public:
  static constexpr int64_t kMaxQueuedBytes = 64 << 20;
  static constexpr int64_t kAskNs = 500'000'000;  // an owner that was asked may take to let go

  // Whose sequence it is in this process. Serials are never used again.
  struct Name {
    std::string key;
    uint64_t serial = 0;
    int64_t since_ns = 0;  // by the clock
  };
  struct Checkpoint {
    std::string version, state;
    bool free = false;    // the sequence is over here, others may go on with it
    bool always = false;  // however full the queue is
  };
  // kRestored with both, kAbsent, or kUnavailable with why in `version`.
  using Found = std::function<void(Restore, std::string version, std::string state)>;

  // What the serving thread hears: what is given to `post` calls the others there.
  struct Listener {
    std::function<void(std::function<void()>)> post;
    std::function<void(const std::string& key, uint64_t serial)> fenced;  // another replica has it: it must end here
    std::function<void(const std::string& key)> asked;                    // another replica wants it
    std::function<void()> again;  // Redis is reached again, and may know nothing
  };

  // Starts the thread, which connects; whether that works changes nothing here.
  SequenceStore(SequenceStoreOptions options, StoreMetrics& metrics, const Clock& clock);
  ~SequenceStore();
  SequenceStore(const SequenceStore&) = delete;

  const SequenceStoreOptions& options() const { return options_; }
  StoreMetrics& metrics() { return metrics_; }

  // Nothing is posted before, nor after Listen({}) has returned. Threads: any.
  void Listen(Listener listener);

  // Has the checkpoint written. False, and counted: the queue is full.
  bool Keep(const Name& name, Checkpoint checkpoint);
  // The sequence is over. Of every one that was kept or taken either this or a free checkpoint must be the last.
  void Erase(const Name& name);
  // Makes `name` the owner of what is kept under its key, and says what that is; `found` is called once, by
  // Listener::post.
  void Take(const Name& name, Found found);

  // Waits until all is written that was left for it: how many writes are left when the time is up. While it waits,
  // nothing is given up.
  size_t Finish(int64_t timeout_ns);

 private:
  struct Job {
    enum class Kind { kKeep, kErase, kTake };
    int64_t bytes() const { return static_cast<int64_t>(sizeof(Job) + name.key.size() + checkpoint.state.size()); }
    Kind kind = Kind::kKeep;
    Name name;
    Checkpoint checkpoint;
    Found found;
    int64_t force_ns = 0;  // kTake: from when on the owner isn't asked any more; 0: it wasn't asked yet
  };
  using Answer = sequence_records::Answer;

  void Leave(Job job);
  void Post(std::function<void(const Listener&)> message);

  // The thread's.
  void Run();
  void Connect();
  void Disconnect(const std::string& why);
  int WaitMs() const;
  bool WaitForWork();  // false: the end
  void TakeJobs();
  void GiveUpJobs();
  void RunBatch();
  void Send(const Job& job);
  absl::StatusOr<Answer> Receive(const Job& job);
  void OnAnswered();
  void OnAnswer(Job job, Answer answer);
  void OnPushed();
  void Done(const Job& job);
  bool finishing() const;
  bool stopping() const;
  int64_t RetryNs() const;

  const SequenceStoreOptions options_;
  StoreMetrics& metrics_;
  const Clock& clock_;
  const std::string process_;  // 16 hex digits, by chance

  mutable Mutex mutex_;
  std::vector<Job> left_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  Mutex listener_mutex_;
  std::shared_ptr<const Listener> listener_ ABSL_GUARDED_BY(listener_mutex_);
  std::atomic<int64_t> queued_bytes_{0};  // relaxed: a bound, not a count
  std::atomic<size_t> unfinished_{0};
  const int wake_fd_;

  // The thread's.
  std::deque<Job> jobs_;
  std::vector<Job> held_;  // looks whose owner was asked, or that found nothing yet
  absl::flat_hash_map<uint64_t, std::string> since_;
  std::unique_ptr<RedisLink> link_, pushes_;
  bool tried_at_once_ = false;  // to connect again, since the last answer
  bool warned_ = false;         // of this outage
  std::string warned_of_;       // for its latest cause
  bool error_logged_ = false;
  int64_t lost_ns_ = 0, backoff_ns_ = 0;  // the next attempt is so long after
  int64_t ask_again_ns_ = 0;
  std::thread thread_;  // last: uses the rest
};

}  // namespace recurd
