#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace recurd {

// Remembers how the last `capacity` things that ended did, by key; whoever asks for one can then be told. A key that
// ended more than once is remembered by its last end. Memory grows to its bound and stays.
// Threads: none of its own.
template <typename Key, typename Ending>
class Tombstones {
 public:
  static constexpr size_t kDefaultCapacity = 65'536;

  explicit Tombstones(size_t capacity = kDefaultCapacity) : capacity_(capacity) {}

  void Add(const Key& key, Ending ending) {
    if (ring_.size() < capacity_) {
      ring_.push_back({key, std::move(ending)});
      newest_[key] = ring_.size() - 1;
      return;
    }
    if (const auto old = newest_.find(ring_[next_].first); old != newest_.end() && old->second == next_) {
      newest_.erase(old);
    }
    ring_[next_] = {key, std::move(ending)};
    newest_[key] = next_;
    next_ = (next_ + 1) % capacity_;
  }

  // Null: it is not remembered, or never was. Good until the next Add.
  const Ending* Find(const Key& key) const {
    const auto found = newest_.find(key);
    return found == newest_.end() ? nullptr : &ring_[found->second].second;
  }

 private:
  const size_t capacity_;
  std::vector<std::pair<Key, Ending>> ring_;  // once full, next_ is the oldest
  size_t next_ = 0;
  absl::flat_hash_map<Key, size_t> newest_;  // where in the ring
};

}  // namespace recurd
