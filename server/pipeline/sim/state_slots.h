#pragma once

#include <array>
#include <cstdint>

#include "hw/config/contract.h"

namespace recurd::sim {

// Which state each slot of the array holds. States are written through, so that any slot may be given away at any time:
// the one whose last use is longest ago.
class StateSlots {
 public:
  struct Place {
    int slot;
    bool hit;  // the slot holds the state already
  };

  // Where the state named by `key` is, or is to go.
  Place Find(uint64_t key) const {
    int oldest = 0;
    for (int slot = 0; slot < hw::kStateSlots; ++slot) {
      if (used_[slot] > 0 && keys_[slot] == key) return {slot, true};
      if (used_[slot] < used_[oldest]) oldest = slot;
    }
    return {oldest, false};
  }
  // From now on the slot holds the state named by `key`.
  void Fill(int slot, uint64_t key) {
    keys_[slot] = key;
    used_[slot] = ++now_;
  }
  // What it holds is of no use any more.
  void Clear(int slot) { used_[slot] = 0; }

 private:
  std::array<uint64_t, hw::kStateSlots> keys_{};
  std::array<uint64_t, hw::kStateSlots> used_{};  // when, counted in runs; 0: empty
  uint64_t now_ = 0;
};

}  // namespace recurd::sim
