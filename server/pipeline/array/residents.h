#pragma once

#include <cstdint>
#include <vector>

namespace recurd::array {

// Which of many things lie in the few places that there are: states in slots, layers in weight sets. What lies there is
// a copy, so any place may be given away at any time: the one whose last use is longest ago.
class Residents {
 public:
  struct Place {
    int index;
    bool hit;  // the thing lies there already
  };

  explicit Residents(int places) : places_(places) {}

  // Where the thing named by `key` is, or is to go.
  Place Find(uint64_t key) const {
    int oldest = 0;
    for (int i = 0; i < static_cast<int>(places_.size()); ++i) {
      if (places_[i].used > 0 && places_[i].key == key) return {i, true};
      if (places_[i].used < places_[oldest].used) oldest = i;
    }
    return {oldest, false};
  }
  // From now on it lies there, and has just been used.
  void Fill(int index, uint64_t key) { places_[index] = {key, ++now_}; }
  // What lies there is of no use any more.
  void Clear(int index) { places_[index].used = 0; }
  void Clear() { places_.assign(places_.size(), {}); }

 private:
  struct Entry {
    uint64_t key = 0;
    uint64_t used = 0;  // when, counted in uses; 0: empty
  };

  std::vector<Entry> places_;
  uint64_t now_ = 0;
};

}  // namespace recurd::array
