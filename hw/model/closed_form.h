#ifndef RECURD_HW_MODEL_CLOSED_FORM_H_
#define RECURD_HW_MODEL_CLOSED_FORM_H_

#include <vector>

#include "hw/aie/graphs/gru_config.h"
#include "hw/config/timing.h"

// The time of a mapping's steps as a sum of named parts, at run-time geometry, from the constants that the emulator
// uses. Modelled, like everything here. C++17.
namespace recurd {
namespace hw {

struct Shape {
  Mapping mapping = kMappingHybrid;
  int hidden_size = 0, input_size = 0;
  Reset reset = Reset::kBefore;
};

struct Part {
  const char* name;
  Cycles cycles;
};

// A chunk of T steps takes switch_in + first + (T - 1) * steady from the hand-over of its SWITCH and RUN to an idle
// array until the last word of its last state row is in the PL.
struct ClosedForm {
  Cycles first = 0;      // from the hand-over of RUN to the last word of the first state row
  Cycles steady = 0;     // between a state row and the next: max(recurrent, inputs)
  Cycles switch_in = 0;  // what a SWITCH in front of RUN adds
  Cycles recurrent = 0;  // the loop over the state, once around; the sum of `parts`
  Cycles inputs = 0;     // between two rows of x in the W tiles, which run ahead
  std::vector<Part> parts;
};

// Accuracy: within two PL cycles of the emulator, while a unit is done before the next eight words have come, and a
// route holds what is under way on it and, at another PL clock than a quarter of the array's, a whole state.
// Preconditions: the mapping is `hybrid`, `aie` or `cascade`, and its graph accepts the shape.
ClosedForm ComputeClosedForm(const Shape& shape, const Timing& timing);

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_CLOSED_FORM_H_
