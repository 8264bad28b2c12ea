#ifndef RECURD_HW_MODEL_PATH_H_
#define RECURD_HW_MODEL_PATH_H_

#include <vector>

#include "hw/model/closed_form.h"

namespace recurd {
namespace hw {

inline Cycles RoundUp(Cycles time, Cycles clock) { return (time + clock - 1) / clock * clock; }

// One way through the array: when its datum is where the parts have brought it. C++17.
struct Path {
  Cycles time = 0;
  std::vector<Part> parts;

  void Add(const char* name, Cycles cycles) {
    time += cycles;
    parts.push_back({name, cycles});
  }
  // Another datum that is needed too comes at `other`.
  void Await(const char* name, Cycles other) {
    if (other > time) Add(name, other - time);
  }
  void Align(const char* name, Cycles clock) { Add(name, RoundUp(time, clock) - time); }
};

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_PATH_H_
